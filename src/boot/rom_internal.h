/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/rom.h"

/* Between the operations (rom.c) and what carries them on (rom_advance.c). */

/* How often a refused or broken operation is repeated, and how often all of them together. */
enum {
        ROM_REFUSALS_MAX = 3,
        ROM_BREAKS_MAX = 3,
        ROM_INSISTS_MAX = 2, /* of these, for the sake of refusals */
        ROM_RECOVERIES_MAX = 30,
        ROM_READINGS_MAX = 5,
};

enum rom_state {
        ROM_STATE_IDLE,
        ROM_STATE_START,
        ROM_STATE_EXCHANGE,
        ROM_STATE_REFUSED,
        ROM_STATE_BROKEN,
        ROM_STATE_RECOVER,
        ROM_STATE_RESYNC,
        ROM_STATE_ENTER,
        ROM_STATE_FAST,
        ROM_STATE_STEPS,
        ROM_STATE_SETTLE, /* after a critical section */
        ROM_STATE_REENTER,
        ROM_STATE_LOOK,
        ROM_STATE_WENT, /* perhaps: Go was said, its last answer is missing */
};

/* Selects words as what F2/F4/F7 program at once. */
void rom_describe_voltage_range(struct exchange *ret);
