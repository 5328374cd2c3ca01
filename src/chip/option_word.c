/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chip/option_word.h"
#include "util/bytes.h"

size_t option_word_size(enum word_format format) {
        switch (format) {
        case WORD_8:
                return 2;
        case WORD_16:
        case WORD_PLAIN:
                return 4;
        case WORD_32:
        case WORD_16_IN_64:
                break;
        }
        return 8;
}

uint32_t option_word_get(enum word_format format, const uint8_t *bytes, size_t word) {
        const uint8_t *p = bytes + word * option_word_size(format);

        switch (format) {
        case WORD_8:
                return p[0];
        case WORD_16:
        case WORD_16_IN_64:
                return get_le16(p);
        case WORD_32:
        case WORD_PLAIN:
                break;
        }
        return get_le32(p);
}

void option_word_put(enum word_format format, uint8_t *bytes, size_t word, uint32_t value) {
        uint8_t *p = bytes + word * option_word_size(format);

        switch (format) {
        case WORD_8:
                p[0] = (uint8_t)value;
                p[1] = (uint8_t)~value;
                break;
        case WORD_16:
                put_le16(p, (uint16_t)value);
                put_le16(p + 2, (uint16_t)~value);
                break;
        case WORD_16_IN_64:
                put_le16(p, (uint16_t)value);
                break;
        case WORD_32:
                put_le32(p, value);
                put_le32(p + 4, ~value);
                break;
        case WORD_PLAIN:
                put_le32(p, value);
                break;
        }
}

bool option_word_has_complement(enum word_format format) {
        return format != WORD_16_IN_64 && format != WORD_PLAIN;
}

bool option_word_fits(enum word_format format, const uint8_t *bytes, size_t word) {
        const uint8_t *p = bytes + word * option_word_size(format);
        size_t half = option_word_size(format) / 2;

        for (size_t i = 0; i < half && option_word_has_complement(format); i++)
                if ((p[i] ^ p[half + i]) != 0xFF)
                        return false;
        return true;
}

bool option_word_intact(enum word_format format, const uint8_t *bytes, size_t word) {
        size_t size = option_word_size(format);
        const uint8_t *p = bytes + word * size;

        for (size_t i = 0; i < size; i++)
                if (p[i] != 0xFF)
                        return option_word_fits(format, bytes, word);
        return true;
}
