/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Each argument is evaluated once; uses may be nested. */
#define MIN(a, b) _MIN_MAX(a, <, b, __COUNTER__)
#define MAX(a, b) _MIN_MAX(a, >, b, __COUNTER__)

#define _MIN_MAX(a, relation, b, n) __MIN_MAX(a, relation, b, n)
#define __MIN_MAX(a, relation, b, n)                                                               \
        ({                                                                                         \
                __typeof__(a) _a##n = (a);                                                         \
                __typeof__(b) _b##n = (b);                                                         \
                _a##n relation _b##n ? _a##n : _b##n;                                              \
        })

/* `unit` must not be zero; it need not be a power of two. */
#define ALIGN_DOWN(value, unit) ((value) - (value) % (unit))
#define ALIGN_UP(value, unit)   ALIGN_DOWN((value) + (unit)-1, unit)

#define USEC_PER_MSEC 1000ULL
#define USEC_PER_SEC  1000000ULL
#define USEC_INFINITY UINT64_MAX

#define _printf_(text, first) __attribute__((__format__(__printf__, text, first)))
