/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "machine.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/macro.h"

bool machine_stay_awake(void) {
        static const int32_t latency = 0; /* microseconds that waking up may take */
        int fd = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);

        /* the request stands until the descriptor is closed: by the end of this process */
        return fd >= 0 && write(fd, &latency, sizeof(latency)) == sizeof(latency);
}

static double seconds(struct timeval time) {
        return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* This process and the children that have ended: each row's have. */
static double own(void) {
        static const int whose[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
        double sum = 0;

        for (size_t i = 0; i < ARRAY_SIZE(whose); i++) {
                struct rusage usage;

                if (getrusage(whose[i], &usage) == 0)
                        sum += seconds(usage.ru_utime) + seconds(usage.ru_stime);
        }
        return sum;
}

/* proc(5): user, nice, system, idle, iowait, irq, softirq, steal, in ticks of all processors */
static double all(void) {
        _cleanup_fclose_ FILE *file = fopen("/proc/stat", "re");
        unsigned long long ticks[8];

        if (!file ||
            fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &ticks[0], &ticks[1],
                   &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]) != 8) {
                fprintf(stderr, "/proc/stat cannot be read\n");
                abort();
        }
        return (double)(ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]) /
               (double)sysconf(_SC_CLK_TCK);
}

struct others others_begin(void) {
        return (struct others){ .begin = clock_usec(), .busy = all() - own() };
}

double others_share(const struct others *others) {
        double wall = (double)(clock_usec() - others->begin) / 1e6;

        return (all() - own() - others->busy) / wall / (double)sysconf(_SC_NPROCESSORS_ONLN);
}
