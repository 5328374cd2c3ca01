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
        bool changes; /* left out where the chip holds the image already */
};

#define OPTION_BYTES_MAX 1024

/* Of the head page, before and after its erase: stack pointer, reset vector and six more. */
#define HEAD_LOOK 32

/* Of each page that is erased for its own sake, before and after. */
#define PAGE_LOOK 16

/* Of a page and of its twin in the other bank. */
#define BANKS_LOOK 32

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
        bool gone;            /* the ROM was locked out for good, on request */

        struct session_info info;
        struct session_failure failure;
        enum session_outcome outcome;

        struct session_progress progress;
        uint64_t work_done, work_total; /* bytes on the wire, and their like for erasing */

        uint8_t commands[256 / 8]; /* that Get listed: a bit each */
        bool retried;              /* what is being read or looked at */
        bool doubted;              /* it is read twice for that */
        bool id_otherwise;         /* size and unique ID: in blocks where the row says short */
        bool sized;                /* the map ends where flash does */
        struct flash_map map;
        struct flash_map other_map; /* with the bank option the other way, where it is not known */
        uint32_t block_max;
        struct plan *plan;
        struct image preserved; /* contents of touched pages, read back */
        struct compare compare;
        struct plan_list picked;  /* one block of the fast check */
        struct plan_list guarded; /* what should be on write-protected pages; borrows its data */
        uint8_t old_head[HEAD_LOOK];
        bool has_old_head;
        bool knows_empty, was_empty; /* the first word of flash, of chips where it matters */
        unsigned erase_tries;

        struct flash_page telling, twin; /* tells whether the banks are swapped */
        uint8_t old_own[BANKS_LOOK], old_twin[BANKS_LOOK];
        bool own_stands;
        unsigned bank_tries;
        bool erased; /* by this job: something */
        bool boot_touched;
        bool losing; /* pages, by an erase that is under way; before it was: */
        enum session_outcome outcome_before;
        bool boot_touched_before;

        struct flash_page repair;
        bool repairing;
        unsigned repairs;
        size_t write_end; /* blocks of the body from there on are not (or no more) to be written */
        bool body_written, head_written;
        bool rest_written; /* of the head: all but its last unit */

        uint8_t options[OPTION_BYTES_MAX];
        size_t n_options;
        uint8_t new_options[OPTION_BYTES_MAX];
        bool options_changed, options_wanted;
        size_t option_area; /* counted from the last */
        unsigned option_tries, protect_tries;
        bool switch_taken;      /* of protection, and acknowledged */
        unsigned option_writes; /* to options or protection that were sent and not refused whole */

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

/* The last operation's failure (ROM_NACK, ROM_UNSURE) as the session's own; `_at`: of a command
 * that names no address. */
enum step session_fail_rom(struct session *session);
enum step session_fail_rom_at(struct session *session, uint32_t address);

/* ... for want of memory, or of what this chip, ROM or wiring can do. */
enum step session_fail_memory(struct session *session);
enum step session_refuse(struct session *session, enum session_error error, const char *what);

/* Did Get list this command? */
bool session_lists(const struct session *session, enum an3155_command command);

/* Is the voltage range still to be raised? */
bool session_wants_fast(const struct session *session);

/* Do these bytes read as erased? */
bool session_is_blank(const struct session *session, const uint8_t *data, size_t size);

/* What was erased does not: `data`, not blank, stands at `address`. */
enum step session_fail_not_blank(struct session *session, uint32_t address, const uint8_t *data);

/* The same of the page that an erase begins with, just read at `address`: if that is as it was, the
 * ROM has skipped a protected page. */
enum step session_fail_first_page(struct session *session, const struct flash_page *page,
                                  uint32_t address);

/* Where an application is started; where the chip boots, as far as is known (it may be something in
 * front of the application); is that certain? The start of its flash. */
uint32_t session_start_address(const struct session *session);
uint32_t session_boot_address(const struct session *session);
bool session_boot_is_certain(const struct session *session);
uint32_t session_flash_start(const struct session *session);

/* To be called before pages are erased: they are what the chip may be left without, unless the
 * erase turns out never to have begun. */
void session_lose_pages(struct session *session, const struct flash_page *pages, size_t n);

/* Continues with another phase of the list. */
enum step session_goto(struct session *session, phase_function advance);

/* Counts towards the phase's and the job's progress; `work`: in units of work_total. */
void session_begin_progress(struct session *session, uint64_t total);
void session_advance_progress(struct session *session, uint64_t amount);
void session_advance_work(struct session *session, uint64_t amount, uint64_t work);
uint64_t session_erase_work(const struct session *session, const struct flash_page *pages,
                            size_t n_pages);

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

/* Do the option bytes say beyond doubt that this page is write-protected, or is not? */
enum chip_tristate session_page_protected(const struct session *session,
                                          const struct flash_page *page);

/* Refuses a range that is not all of it in flash, as `map` has it. */
enum step session_fail_outside(struct session *session, const struct flash_map *map, uint32_t start,
                               uint64_t end);

/* Refuses pages that the ROM's erase command cannot name. */
enum step session_check_names(struct session *session, const struct flash_page *pages, size_t n);

/* Refuses those, and pages that are others where an option is set that its ROM does not show. */
enum step session_check_pages(struct session *session, const struct flash_page *pages, size_t n);

/* ---- the phases ---- */

enum step phase_enter(struct session *session);
enum step phase_identify(struct session *session); /* session_identify.c */
enum step phase_plan(struct session *session);     /* session_plan.c */
enum step phase_startable(struct session *session);
enum step phase_preserve(struct session *session);
enum step phase_reach(struct session *session); /* session_map.c */
enum step phase_check(struct session *session); /* session_compare.c */
enum step phase_compare_all(struct session *session);
enum step phase_protected(struct session *session); /* session_protected.c */
enum step phase_look(struct session *session);      /* session_boot_pin.c */
enum step phase_look_again(struct session *session);
enum step phase_boot_pin(struct session *session);
enum step phase_banks(struct session *session); /* session_banks.c */
enum step phase_erase(struct session *session); /* session_flash.c */
enum step phase_write(struct session *session);
enum step phase_verify(struct session *session);
enum step phase_head(struct session *session);
enum step phase_verify_rest(struct session *session);
enum step phase_head_unit(struct session *session);
enum step phase_verify_head(struct session *session);
enum step phase_options(struct session *session); /* session_options.c */
enum step phase_compare_options(struct session *session);
enum step phase_may_protect(struct session *session); /* session_protect.c */
enum step phase_protect(struct session *session);
enum step phase_collect(struct session *session); /* session_erase.c */
enum step phase_erase_range(struct session *session);
enum step phase_read(struct session *session); /* session_read.c */
enum step phase_read_options(struct session *session);
enum step phase_leave(struct session *session); /* session_leave.c */
enum step phase_run(struct session *session);

/* Does its ROM put option bytes in force that were written through it, as AN3155 says? */
bool session_launches_options(const struct session *session);

/* Writes session->new_options over the chip's areas where they differ, and reads them back. */
enum step options_write(struct session *session);

/* False: the session has failed. */
bool options_may_be_written(struct session *session);

/* Is the job to change option bytes or protection, as far as is known yet? */
bool options_are_asked_for(const struct session *session);
