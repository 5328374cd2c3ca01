/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon/notify.h"

void notify_ready(void) {
        (void)sd_notify(0, "READY=1");
}

void notify_reloading(void) {
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
                         (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

void notify_stopping(void) {
        (void)sd_notify(0, "STOPPING=1");
}
