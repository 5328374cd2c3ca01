/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/plan.h"
#include "chip/flash_map.h"

/* Images to plan, and a flash to carry a plan out on. Every failure fails the test. */

#define FLASH 0x08000000U

/* Aliases as on an F7 and with TrustZone, else nothing of a certain chip. */
extern const struct chip test_chip;

/* A chip of which a program unit can be written once only. */
extern const struct chip test_chip_ecc;

#define SEGMENTS_MAX 12000

struct fixture {
        struct image image;
        struct image_segment segments[SEGMENTS_MAX];
};

struct fixture *fixture_new(void);
void fixture_free(struct fixture *f);

/* Adds a segment; `fill` -1: bytes that tell their address. */
void add(struct fixture *f, uint32_t address, uint32_t size, int fill);
void put_word(struct fixture *f, size_t segment, uint32_t offset, uint32_t value);

void map_of(const char *layout, struct flash_map *ret);
struct plan_config config_for(const struct flash_map *map);

/*
 * Builds a plan, carries it out and holds it against what it must be: every byte of the image
 * stands and was compared, pages that it touches hold nothing else but what was preserved, other
 * pages are as before, no granule is written twice, and nothing of the head's first words stands
 * before the last write.
 */
struct plan *build(const struct fixture *f, const struct plan_config *config);
