/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/session.h"
#include "virtual/virtual.h"

/* Runs sessions against a virtual STM32 on a virtual clock: what the daemon does, without waiting.
 */

struct drive {
        struct virtual_stm32 *chip;
        uint64_t now;
        bool reset, boot0, boot1; /* levels of the lines */
        unsigned lose_link_at;    /* the n-th byte sent finds the port gone; 0: never */
        uint64_t cancel_at;       /* 0: never */
        uint64_t unplug_at;       /* the port goes away while an answer is awaited; 0: never */
        uint64_t noise_at;        /* a byte comes from nowhere; 0: never */
        unsigned lines_fail_at;   /* the n-th line step from now on fails; 0: never */
        bool format_fails;
        bool parity_lost; /* the port takes 8E1 for 8N1, and does not say so */
        unsigned sends, steps;
        unsigned pulses;  /* edges of NRST into reset */
        size_t last_sent; /* bytes */
        size_t heard;     /* bytes, in all */
        unsigned baud;    /* of the port */
        bool even_parity;
        /* Called before time passes; the power-loss test branches off here. */
        void (*before_wait)(struct drive *drive, uint64_t until);
        void *data;
        unsigned last_percent;
        bool percent_fell;
};

/* Off and on again, with all lines at rest, and time for the application to start. */
void drive_cycle_power(struct drive *drive);

/* Carries `session` to its end. True: DONE. A session that wants without end fails the test. */
bool drive_session(struct drive *drive, struct session *session);

/* session_new() and drive_session(); the session stays with the caller for a look. */
struct session *drive_job(struct drive *drive, const struct session_config *config,
                          const struct session_request *request, bool *ret_done);

/* A chip as delivered, just powered. Caller frees. */
struct virtual_stm32 *drive_chip(const struct chip *chip, uint64_t seed);

/* Is it entered only while it is empty? U031's ROM shows no option bytes to enable the boot pin. */
bool drive_enters_once(const struct chip *chip);

/* The usual wiring: NRST and BOOT0. */
struct session_config drive_config(const struct chip *chip);

/* An image with a valid vector table, `size` bytes of noise from `seed`. Caller frees. */
struct image *drive_image(const struct chip *chip, uint32_t size, unsigned seed);

/* Does the chip's flash hold exactly this image? */
bool drive_holds(const struct virtual_stm32 *chip, const struct image *image);

/* Does the application run, as the job left the chip? */
bool drive_runs(struct drive *drive);
