/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <time.h>

#include "util/macro.h"

/* The monotonic clock, in microseconds. Not for boot, image, chip and virtual: they read none. */

static inline uint64_t clock_usec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

/* For timerfd_settime() with TFD_TIMER_ABSTIME: once at that time; USEC_INFINITY: never. */
static inline struct itimerspec clock_timer(uint64_t usec) {
        struct itimerspec spec = { 0 };

        if (usec != USEC_INFINITY) {
                spec.it_value.tv_sec = (time_t)(usec / USEC_PER_SEC);
                spec.it_value.tv_nsec = (long)(usec % USEC_PER_SEC * 1000);
        }
        return spec;
}
