/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/advice_cause.h"

/* Failed sessions and the targets that they failed on, a row each. */

/* How a target is wired. */
enum {
        RESET = 1U << 0,
        BOOT0 = 1U << 1,
        BOOT1 = 1U << 2,
        SHORT_SEQUENCE = 1U << 3, /* its last wait is 1 ms */
        LONG_SEQUENCE = 1U << 4,  /* 3 s */
        VIRTUAL = 1U << 5,
        BOTH = RESET | BOOT0,
};

/* Chips of the table that the cases name. */
enum {
        G031 = 0x466,
        G071 = 0x460,
        F103 = 0x410,
        F405 = 0x413,
        F746 = 0x449,
        H743 = 0x450,
        H563 = 0x484,
        L152 = 0x416,
        WB05 = 0x03B,
};

struct given {
        enum session_error error;
        enum advice_symptom symptom;
        uint16_t chip; /* 0: not known */
        unsigned wiring;
        unsigned baud; /* 0: 115200 */
        int command;   /* 0: none; GET is not among those that matter */
        unsigned stage;
        enum plan_status plan;
        enum session_phase phase;
        int system;
        int found;     /* of a mismatch */
        uint32_t twin; /* the page of the other bank that was erased */
        bool nowhere;  /* no address */
        unsigned lowest_baud;
        bool start_unknown;
        enum session_outcome outcome;
        struct session_remains remains;
        enum session_options options;
        uint16_t reported;
        const char *reason;
        unsigned n_sectors;
        bool sampled;     /* the fast check found the image there */
        bool interrupted; /* by an earlier job */
        bool configured_image;
        bool shared;      /* somebody else has the port open */
        const char *rows; /* names of all its advice, in order */
};

/* The start of a row: no entry, and what the attempts saw. */
#define SEEN(symptom) SESSION_NO_ENTRY, ADVICE_SYMPTOM_##symptom

struct scene {
        struct session_failure failure;
        struct advice_context context;
        struct entry_config entry;
};

/* Makes of a row what advice and failure texts are made from; the scene points into itself. */
void scene_init(struct scene *scene, const struct given *given);
