/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <systemd/sd-daemon.h>

#include "daemon/notify.h"
#include "util/clock.h"

void notify_ready(void) {
        (void)sd_notify(0, "READY=1");
}

void notify_reloading(void) {
        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_usec());
}

void notify_stopping(void) {
        (void)sd_notify(0, "STOPPING=1");
}
