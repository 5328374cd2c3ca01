/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "option-area.h"
#include "util/bytes.h"

uint8_t *area_new(const struct area *area, size_t *ret_size) {
        const struct chip *chip = chip_by_id(area->id);
        uint8_t *bytes;

        *ret_size = chip_options_size(chip);
        assert_true(*ret_size >= area->n_words * 4);
        bytes = malloc(*ret_size); /* of that very size, for the sanitizer */
        assert_non_null(bytes);
        chip_options_factory(chip, bytes, *ret_size);
        for (size_t i = 0; i < area->n_words; i++) {
                put_le16(bytes + i * 4, (uint16_t)area->words[i]);
                put_le16(bytes + i * 4 + 2, (uint16_t)(area->words[i] >> 16));
        }
        return bytes;
}
