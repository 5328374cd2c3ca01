/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/rom.h"
#include "boot/session.h"

/*
 * Inside a session: a job is a list of phases, each a function that is called whenever the ROM is
 * idle and starts the next memory operation, or says that the phase is over.
 */

enum step {
        STEP_BUSY,   /* an operation was started */
        STEP_NEXT,   /* the phase is over */
        STEP_AGAIN,  /* call the (perhaps new) phase at once */
        STEP_FAILED, /* session_fail() was called */
};

typedef enum step (*phase_function)(struct session *session);

struct phase {
        enum session_phase name;
        phase_function advance;
};

#define OPTION_BYTES_MAX 1024

/* Comparing a list of blocks with the chip. */
struct compare {
        const struct plan_list *list;
        bool tolerant; /* a fault counts as a difference */
        size_t index;
        bool reread, reentered;
        uint32_t address; /* of the first difference */
        uint8_t expected, found;
};

enum compare_status {
        COMPARE_BUSY,
        COMPARE_SAME,
        COMPARE_DIFFERENT,
        COMPARE_FAULT, /* could not be read */
};

enum session_state {
        STATE_RUNNING,
        STATE_CLOSING,
        STATE_DONE,
        STATE_FAILED,
};

struct session {
        struct session_config config;
        struct session_request request;
        struct rom rom;
        enum session_state state;

        const struct phase *phases;
        size_t phase;
        unsigned step;   /* within the phase; 0: just begun */
        size_t index;    /* likewise */
        uint32_t offset; /* likewise */
        bool cancel;
        bool uninterruptible; /* the three outcomes need this to be finished */
        bool erasing;         /* an erase that a reset would abandon */
        bool no_pulse;        /* option bytes or protection were touched */

        struct session_info info;
        struct session_failure failure;
        enum session_outcome outcome;

        struct session_progress progress;
        uint64_t work_done, work_total; /* bytes on the wire, and their like for erasing */

        struct flash_map map;
        uint32_t block_max;
        struct plan *plan;
        struct image preserved; /* contents of touched pages, read back */
        struct compare compare;
        struct plan_list picked; /* one block of the fast check */
        uint8_t old_head[PLAN_BLOCK_MAX];
        bool has_old_head;
        bool knows_empty, was_empty; /* the first word of flash, of chips where it matters */
        unsigned erase_tries;

        struct flash_page repair;
        bool repairing;
        unsigned repairs;

        uint8_t options[OPTION_BYTES_MAX];
        size_t n_options;
        uint8_t new_options[OPTION_BYTES_MAX];
        bool options_changed;
        size_t option_area;

        struct flash_page *pages; /* ERASE */
        size_t n_pages;
        uint8_t *data; /* READ */
        size_t n_data;
};

/* ---- for the phases ---- */

/* Ends the job with `error`; fills in phase, outcome, and what the ROM noted if it was the cause.
 */
enum step session_fail(struct session *session, enum session_error error);
enum step session_fail_at(struct session *session, enum session_error error, uint32_t address);

/* The last operation's failure (ROM_NACK, ROM_UNSURE) as the session's own. */
enum step session_fail_rom(struct session *session, uint32_t address);

/* Continues with another phase of the list. */
enum step session_goto(struct session *session, phase_function advance);

/* Counts towards the phase's and the job's progress. */
void session_begin_progress(struct session *session, uint64_t total);
void session_advance_progress(struct session *session, uint64_t amount);

/* Reads and compares; to be called when the ROM is idle, until it is not COMPARE_BUSY. */
void compare_begin(struct compare *compare, const struct plan_list *list, bool tolerant);
enum compare_status compare_advance(struct session *session);
enum step compare_fail(struct session *session, enum compare_status status,
                       enum session_error error);

/*
 * Would a reset now lose the chip? A new G0 or C0 that was found in its ROM starts its empty flash
 * then, and nobody gets in again before a power cycle.
 */
bool session_would_strand(const struct session *session);

/* The pages of this very part into session->map; refuses chips that cannot be flashed. */
enum step session_find_map(struct session *session);

/* ---- the phases ---- */

enum step phase_enter(struct session *session);
enum step phase_identify(struct session *session); /* session_identify.c */
enum step phase_plan(struct session *session);     /* session_plan.c */
enum step phase_preserve(struct session *session);
enum step phase_check(struct session *session);
enum step phase_compare_all(struct session *session);
enum step phase_look(struct session *session); /* session_boot_pin.c */
enum step phase_boot_pin(struct session *session);
enum step phase_erase(struct session *session); /* session_flash.c */
enum step phase_write(struct session *session);
enum step phase_verify(struct session *session);
enum step phase_head(struct session *session);
enum step phase_verify_head(struct session *session);
enum step phase_options(struct session *session); /* session_options.c */
enum step phase_protect(struct session *session);
enum step phase_erase_range(struct session *session); /* session_memory.c */
enum step phase_read(struct session *session);
enum step phase_read_options(struct session *session);
enum step phase_leave(struct session *session); /* session_leave.c */
enum step phase_run(struct session *session);

/* Writes session->new_options over the chip's areas where they differ, and reads them back. */
enum step options_write(struct session *session);
bool options_may_be_written(struct session *session, enum step *ret);
