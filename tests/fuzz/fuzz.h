/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * The entry point of every fuzzer, called by libFuzzer or by replay.c. `data` has not a byte to
 * spare. Returns 0; a finding is a crash.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise of the code under test. Holds with NDEBUG, too. */
#define PROMISED(condition)                                                                        \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__,         \
                                #condition);                                                       \
                        abort();                                                                   \
                }                                                                                  \
        } while (0)
