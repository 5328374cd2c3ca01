/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/entry.h"
#include "boot/plan.h"
#include "chip/chip.h"
#include "chip/options.h"
#include "image/image.h"

/*
 * One job on one chip, as a machine: it states what it wants next and consumes events. It owns no
 * file descriptor and reads no clock. The driver's loop:
 *
 *     session_next(s, now, &want);          what to do now; again after every event
 *     ... do it, or wait for what comes first ...
 *     session_event(s, &event);             tell what happened
 *
 * A want stands until the event that answers it. Received bytes, link loss and cancel may come at
 * any time. All times are microseconds of one monotonic clock.
 */

enum session_kind {
        SESSION_PROBE, /* enter, identify, leave */
        SESSION_FLASH,
        SESSION_VERIFY, /* compare the chip with an image */
        SESSION_READ,
        SESSION_ERASE,
        SESSION_RUN,   /* reset with BOOT0 inactive; Go if an address is given */
        SESSION_RESET, /* a pulse on NRST with BOOT0 inactive */
        SESSION_ENTER, /* stay in the ROM */
        SESSION_WRITE_PROTECT,
        SESSION_WRITE_UNPROTECT,
        SESSION_READOUT_PROTECT,
        SESSION_READOUT_UNPROTECT, /* erases all of the flash */
        SESSION_READ_OPTIONS,
        SESSION_WRITE_OPTIONS,
};

enum session_after {
        SESSION_AFTER_RUN, /* reset with BOOT0 inactive; Go where there is no NRST */
        SESSION_AFTER_STAY,
        SESSION_AFTER_GO,
};

enum session_check {
        SESSION_CHECK_NONE, /* flash, whatever is there */
        SESSION_CHECK_FAST, /* head, tail and random blocks equal: nothing to do */
        SESSION_CHECK_FULL, /* all of it equal: nothing to do */
};

struct session_request {
        enum session_kind kind;

        const struct image *image; /* FLASH, VERIFY: borrowed as long as the session lives */
        enum plan_erase erase;
        enum session_check check;
        uint64_t seed;        /* picks the random blocks of SESSION_CHECK_FAST */
        bool check_only;      /* with `check`: do not write, end as SESSION_DIFFERS */
        bool preserve;        /* keep the rest of touched pages */
        bool option_segments; /* the image's option-byte segments are written too */
        bool fast_program;    /* F2/F4/F7: VDD is 2.7 V or more, program words */
        bool enable_boot_pin; /* G0, C0: make BOOT0 work first (writes option bytes) */
        bool one_piece;       /* go on without a working boot pin, and never reset midway */
        bool unbootable;      /* FLASH: the image need not be one that the chip can start */
        enum session_after after;

        uint32_t address; /* READ, ERASE: range; RUN with has_address; WRITE_OPTIONS */
        uint32_t length;  /* READ, ERASE: bytes; ERASE of length 0: all of the flash */
        bool has_address;
        bool mass_erase; /* ERASE of everything by the ROM's global erase */
        uint8_t bank;    /* ERASE: 1 or 2; 0: not by bank */

        const uint8_t *option_bytes; /* WRITE_OPTIONS, or FLASH's last step; borrowed */
        size_t option_size;          /* at `address` (WRITE_OPTIONS), else the whole first area */
        bool permanent;              /* allow what cannot be undone */
        bool readout_protect;        /* FLASH: the very last step */
        const uint8_t *sectors;      /* WRITE_PROTECT, or FLASH's step before; borrowed */
        size_t n_sectors;
};

struct session_config {
        const char *chip_name;   /* refuse others; NULL: any */
        const struct chip *chip; /* what it is believed to be, for entry; NULL: not known */
        unsigned baud;
        struct entry_config entry;
        const struct flash_map *map; /* layout given by hand; borrowed; or NULL */
        bool instant; /* a virtual link without wire time: answers come with the question */
};

/* ---- what it wants, and what happens ---- */

enum session_want_type {
        SESSION_WANT_SEND,   /* write `data`; answer SENT when the port took the last byte, or TIME
                              * where it has not by `until` */
        SESSION_WANT_WAIT,   /* until `until`; answer TIME. Bytes may come first */
        SESSION_WANT_LINES,  /* set the lines, NRST first when it asserts reset, last when it
                              * releases it; answer LINES */
        SESSION_WANT_FORMAT, /* set baud and parity; answer FORMAT */
        SESSION_WANT_FLUSH,  /* discard what was received and not yet delivered; answer FLUSHED */
        SESSION_WANT_DONE,
        SESSION_WANT_FAILED, /* session_failure() tells why, and whether the lines are at rest */
};

struct session_want {
        enum session_want_type type;
        const uint8_t *data; /* SEND; valid until its answer */
        size_t size;
        uint64_t until; /* WAIT */
        struct entry_lines lines;
        unsigned baud; /* FORMAT; 8 data bits, 1 stop bit */
        bool even_parity;
};

enum session_event_type {
        SESSION_EVENT_SENT,
        SESSION_EVENT_RECEIVED,
        SESSION_EVENT_TIME,
        SESSION_EVENT_LINES,
        SESSION_EVENT_FORMAT,
        SESSION_EVENT_FLUSHED,
        SESSION_EVENT_LINK_LOST, /* the port is gone, or a read or write failed with `error` */
        SESSION_EVENT_CANCEL,    /* ends it, but no critical section before that is over */
};

struct session_event {
        enum session_event_type type;
        uint64_t now;
        const uint8_t *data; /* RECEIVED */
        size_t size;
        int error;     /* LINES, FORMAT, LINK_LOST: 0 or negative errno */
        unsigned baud; /* FORMAT: what the port really does */
};

/* ---- how it stands ---- */

enum session_phase {
        SESSION_PHASE_ENTER,
        SESSION_PHASE_IDENTIFY,
        SESSION_PHASE_COMPARE,
        SESSION_PHASE_PRESERVE,
        SESSION_PHASE_BOOT_PIN,
        SESSION_PHASE_ERASE,
        SESSION_PHASE_WRITE,
        SESSION_PHASE_VERIFY,
        SESSION_PHASE_HEAD,
        SESSION_PHASE_READ,
        SESSION_PHASE_OPTIONS,
        SESSION_PHASE_PROTECT,
        SESSION_PHASE_LEAVE,
        SESSION_PHASE_END,
};

const char *session_phase_to_string(enum session_phase phase); /* "enter", "identify" ... */

struct session_progress {
        enum session_phase phase;
        unsigned percent;     /* of the whole job, never falls */
        uint64_t done, total; /* bytes (pages while erasing) of this phase */
};

/* What is true of the chip now, whatever happened. Only jobs that may change flash leave UNTOUCHED.
 */
enum session_outcome {
        SESSION_UNTOUCHED,    /* the old contents stand */
        SESSION_COMPLETE,     /* the new image stands, verified */
        SESSION_NOT_BOOTABLE, /* neither: flash it again. The chip does not start, unless what it
                               * boots from lies elsewhere (see struct session_remains) */
};

/* What the protocol or the chip said. Positive; system failures are in `system`. */
enum session_error {
        SESSION_OK = 0,
        SESSION_NO_ENTRY, /* the ROM did not answer as it should; see `entry` */
        SESSION_SILENCE,
        SESSION_NACK,
        SESSION_GARBAGE,
        SESSION_WRONG_CHIP,
        SESSION_UNKNOWN_CHIP,    /* not in the table, and no layout was given */
        SESSION_UNFLASHABLE,     /* in the table, with the reason why not */
        SESSION_DOES_NOT_FIT,    /* see `plan` */
        SESSION_PROTECTED,       /* readout protection */
        SESSION_WRITE_PROTECTED, /* a page that the job would change */
        SESSION_BOOT_PIN,        /* the chip ignores BOOT0; flashing would lock us out */
        SESSION_PERMANENT,       /* asked for what cannot be undone, without saying so */
        SESSION_UNSUPPORTED,     /* by this ROM, chip or wiring */
        SESSION_NOT_BLANK,       /* an erased page does not read erased */
        SESSION_VERIFY_MISMATCH,
        SESSION_DIFFERS, /* VERIFY, check_only */
        SESSION_LINES,   /* lines could not be driven */
        SESSION_FORMAT,  /* the port cannot do this baud rate or parity */
        SESSION_LINK_LOST,
        SESSION_CANCELLED,
};

/* What became of the option bytes, protection included. */
enum session_options {
        SESSION_OPTIONS_NONE,      /* the job had nothing to do with them */
        SESSION_OPTIONS_UNTOUCHED, /* it was to change them */
        SESSION_OPTIONS_PARTLY,    /* it began to, and may have done nothing, a part or all */
        SESSION_OPTIONS_CHANGED,   /* it did all that was asked for */
};

/* Of a chip that is left SESSION_NOT_BOOTABLE. */
struct session_remains {
        bool boot_stands;    /* nothing was done to the page that the chip boots from ... */
        bool boot_uncertain; /* ... as far as is known: it may be another one */
        uint32_t boot_address;
        bool has_image; /* FLASH: there is one, in parts */
        uint32_t image_address;
};

struct session_failure {
        enum session_error error;
        enum session_phase phase;
        enum session_outcome outcome;
        bool sampled; /* COMPLETE: found there, by the fast check; nothing was written */
        struct session_remains remains;
        enum session_options options;
        int system;      /* negative errno behind LINES, FORMAT, LINK_LOST; or 0 */
        int lines_left;  /* negative errno: at the end they could not be set to rest; or 0 */
        uint8_t command; /* AN3155 command code under way; valid if has_command */
        bool has_command;
        unsigned stage; /* which part of it, from 0 */
        bool has_address;
        uint32_t address; /* of the block, page, mismatch or segment */
        uint32_t twin;    /* NOT_BLANK: this page of the other bank was erased instead; or 0 */
        uint8_t expected, found; /* VERIFY_MISMATCH, DIFFERS, NOT_BLANK: the byte at `address` */
        bool start_unknown;      /* Go was said and its last answer is missing: it may run */
        uint8_t sector;          /* UNSUPPORTED: there is none of this number to be protected ... */
        unsigned n_sectors;      /* ... but so many; 0: that is not it */
        uint16_t chip_id;        /* WRONG_CHIP, UNKNOWN_CHIP */
        uint8_t received[32];    /* what came instead, from its beginning */
        size_t n_received;
        struct entry_evidence entry; /* NO_ENTRY: what all the attempts saw */
        struct plan_error plan;      /* DOES_NOT_FIT */
        const char *reason; /* PERMANENT, UNSUPPORTED, UNFLASHABLE: what; static, or NULL */
};

struct session_info {
        bool identified;
        uint16_t chip_id;
        const struct chip *chip; /* NULL: unknown */
        uint8_t rom_version;     /* of the protocol, as Get reports it: 0x31 is 3.1 */
        bool has_bootloader_id;
        uint8_t bootloader_id;
        bool has_flash_size;
        uint32_t flash_size; /* bytes, from the chip's own register */
        bool has_unique_id;
        uint8_t unique_id[12];
        enum chip_tristate protection;
        bool has_options;
        struct chip_options options;
        unsigned baud;           /* at which the ROM answered */
        bool unchanged;          /* FLASH with check: the chip held the image already */
        enum plan_safety safety; /* FLASH, once it compares, erases or writes */
        bool cannot_start;       /* likewise: the image has no vector table where the chip boots */
        bool started_by_go;      /* a plain reset would re-enter the ROM until a power cycle */
        bool needs_power_cycle;  /* option bytes were written that may not count before it */
        unsigned recoveries;     /* how often a broken exchange was recovered */
};

struct session;

/* Request and config are copied (not what they point to). Returns 0, -ENOMEM or -EINVAL. */
int session_new(const struct session_config *config, const struct session_request *request,
                struct session **ret);
struct session *session_free(struct session *session);

void session_next(struct session *session, uint64_t now, struct session_want *ret);
void session_event(struct session *session, const struct session_event *event);

void session_progress(const struct session *session, struct session_progress *ret);
enum session_outcome session_outcome(const struct session *session);
const struct session_info *session_info(const struct session *session);

/* After FAILED; NULL before. */
const struct session_failure *session_failure(const struct session *session);

/* READ and READ_OPTIONS, after DONE: the bytes, owned by the session. */
const uint8_t *session_data(const struct session *session, size_t *ret_size);
