/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/advice.h"

/* What one row of the advice says and when it applies. Every condition must hold. */

/* What came back while entering, the most telling of it. */
enum advice_symptom {
        ADVICE_SYMPTOM_NONE, /* nothing was tried */
        ADVICE_SYMPTOM_SILENCE,
        ADVICE_SYMPTOM_ECHO,
        ADVICE_SYMPTOM_ECHO_ANSWERED,
        ADVICE_SYMPTOM_ZEROS,
        ADVICE_SYMPTOM_GARBAGE,
        ADVICE_SYMPTOM_TEXT,
        ADVICE_SYMPTOM_NACK_ONLY,
        ADVICE_SYMPTOM_ACKED_SILENT,
        ADVICE_SYMPTOM_ACKED_NACK,
};

enum advice_wiring {
        ADVICE_LINES = 1U << 0, /* somebody here can drive a line */
        ADVICE_NO_LINES = 1U << 1,
        ADVICE_RESET = 1U << 2,
        ADVICE_NO_RESET = 1U << 3,
        ADVICE_BOOT0 = 1U << 4,
        ADVICE_NO_BOOT0 = 1U << 5,
        ADVICE_BOOT1 = 1U << 6,
        ADVICE_NO_BOOT1 = 1U << 7,
        ADVICE_SEQUENCE = 1U << 8, /* Sequence= replaces the built-in steps */
        ADVICE_REAL = 1U << 9,     /* no virtual chip: there are wires and adapters */
};

struct advice_cause {
        const char *name;
        uint32_t errors;   /* any of 1 << enum session_error; ADVICE_ANY: all */
        uint32_t symptoms; /* any of 1 << enum advice_symptom; 0: whatever came */
        uint32_t wiring;   /* all of enum advice_wiring */
        uint32_t patterns; /* any of 1 << boot pattern; 0: any chip */
        uint32_t quirks;   /* any of enum chip_quirk; 0: any chip */
        uint16_t chip_id;  /* 0: any chip */
        /* A further condition; NULL: none. */
        bool (*when)(const struct session_failure *failure, const struct advice_context *context);
        /* For people. {name} is replaced, see advice_text.c. */
        const char *text;
};

#define ADVICE_ANY UINT32_MAX

/* Begins a function for `when`. */
#define CONDITION(name)                                                                            \
        static bool name(const struct session_failure *failure,                                    \
                         const struct advice_context *context __attribute__((unused)))

/* Causes in the order in which they are given, the most likely first. */
extern const struct advice_cause advice_entry_causes[];
extern const size_t advice_entry_causes_size;
extern const struct advice_cause advice_rom_causes[];
extern const size_t advice_rom_causes_size;
extern const struct advice_cause advice_job_causes[];
extern const size_t advice_job_causes_size;

enum advice_symptom advice_symptom(const struct entry_evidence *evidence);

/* Was nothing tried at `baud` or below? A lower rate is worth a try only then. */
bool advice_stayed_above(const struct session_failure *failure,
                         const struct advice_context *context, unsigned baud);

/* What ST tests its ROMs up to (AN3155 section 2). */
#define ADVICE_TESTED_BAUD 115200

/* As advice_find(), without making text of it. */
size_t advice_find_causes(const struct session_failure *failure,
                          const struct advice_context *context,
                          const struct advice_cause *ret[static ADVICE_MAX]);

/* Writes the text of a cause, its {names} replaced. What does not fit is cut off. */
void advice_expand(const struct advice_cause *cause, const struct session_failure *failure,
                   const struct advice_context *context, struct advice *ret);
