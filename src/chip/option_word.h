/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/option_family.h"

/* The words of an option area, by their number in it. For src/chip and src/virtual only. */

/* Bytes that a word takes up, its complement included. */
size_t option_word_size(enum word_format format);

uint32_t option_word_get(enum word_format format, const uint8_t *bytes, size_t word);

/* Writes its complement too. */
void option_word_put(enum word_format format, uint8_t *bytes, size_t word, uint32_t value);

bool option_word_has_complement(enum word_format format);

/* Does the complement fit? `intact`: or was it never written, all ones as its complement is? */
bool option_word_fits(enum word_format format, const uint8_t *bytes, size_t word);
bool option_word_intact(enum word_format format, const uint8_t *bytes, size_t word);
