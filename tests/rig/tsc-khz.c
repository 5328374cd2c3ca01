/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints how fast the time stamp counter runs, in kHz. A guest under TCG has the host's and would
 * measure it at its boot: on a busy host with a result that is several times off, and all its
 * clocks with it.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct sample {
        uint64_t nsec, ticks, width;
};

static uint64_t now(void) {
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Both clocks at one moment: the reading that was interrupted least. */
static struct sample take(void) {
        struct sample best = { .width = UINT64_MAX };

        for (int i = 0; i < 20; i++) {
                struct sample sample = { .nsec = now(), .ticks = __rdtsc() };

                sample.width = now() - sample.nsec;
                if (sample.width < best.width)
                        best = sample;
        }
        return best;
}

int main(void) {
        struct sample first = take();

        (void)nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
        struct sample last = take();
        printf("%.0f\n",
               (double)(last.ticks - first.ticks) * 1e6 / (double)(last.nsec - first.nsec));
        return 0;
}
