/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Unaligned integers in byte buffers. */

static inline uint16_t get_be16(const uint8_t *p) {
        return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_be32(const uint8_t *p) {
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t get_le16(const uint8_t *p) {
        return (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t get_le32(const uint8_t *p) {
        return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline void put_be16(uint8_t *p, uint16_t value) {
        p[0] = (uint8_t)(value >> 8);
        p[1] = (uint8_t)value;
}

static inline void put_be32(uint8_t *p, uint32_t value) {
        put_be16(p, (uint16_t)(value >> 16));
        put_be16(p + 2, (uint16_t)value);
}

static inline void put_le16(uint8_t *p, uint16_t value) {
        p[0] = (uint8_t)value;
        p[1] = (uint8_t)(value >> 8);
}

static inline void put_le32(uint8_t *p, uint32_t value) {
        put_le16(p, (uint16_t)value);
        put_le16(p + 2, (uint16_t)(value >> 16));
}
