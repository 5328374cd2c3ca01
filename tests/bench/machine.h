/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The machine that a benchmark runs on. */

/*
 * Keeps the processors out of idle states as long as this process lives, as cyclictest(8) does
 * (Documentation/power/pm_qos_interface.rst): a virtual machine that halts takes 20 us and more to
 * wake. False: it cannot be had; it wants root.
 */
bool machine_stay_awake(void);

/* What runs beside the benchmark and takes its time. */
struct others {
        uint64_t begin; /* monotonic, microseconds */
        double busy; /* seconds of all processors so far, without this process and its children */
};

struct others others_begin(void);

/* The share of the machine's processors that was not the benchmark's since then, 0 to 1 but for
 * the roundness of ticks; kernel workers count as others, stolen time too. */
double others_share(const struct others *others);
