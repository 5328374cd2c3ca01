/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "boot/session.h"

struct target;

/*
 * What was last seen of a target's chip: STATE/NAME.chip, so that it outlives the daemon. It is for
 * people; nothing that is done to a chip rests on it before the chip has answered again.
 */
struct known_chip {
        struct session_info info; /* not identified: nothing */
        bool in_doubt;            /* nothing answered since: there may be another chip now */
        sd_event_source *child;   /* that writes */
        bool changed;             /* since it began */
};

/* Forgets it, or takes what is on disk for the target's present configuration. */
void known_chip_load(struct target *target);

/* The chip has answered. */
void known_chip_learn(struct target *target, const struct session_info *info);

void known_chip_done(struct known_chip *known);

/* "unknown", "none", "readout" */
const char *known_chip_protection(const struct session_info *info);

/* The file: `port` is where the chip was seen. False: not such a file, or of another port. */
size_t known_chip_format(const struct session_info *info, const char *port, char *text,
                         size_t size);
bool known_chip_parse(const char *data, size_t size, const char *port, struct session_info *ret);
