/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What systemd is told, sd_notify(3). */

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
