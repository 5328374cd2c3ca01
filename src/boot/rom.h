/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/an3155.h"
#include "boot/enter.h"
#include "boot/link.h"
#include "boot/resync.h"
#include "boot/session.h"

/*
 * Memory operations on a chip whose ROM speaks AN3155: enter, identify, read, write, erase, run.
 * One at a time; each ends in a rom_status. Retries what was refused, and after silence or garbage
 * drains and re-enters (or resynchronises) before anything else is said.
 */

enum rom_status {
        ROM_BUSY,
        ROM_OK,
        ROM_NACK,   /* refused, for good; the ROM waits for the next command */
        ROM_UNSURE, /* broke off and was recovered: done, half done or not done */
        ROM_GONE,   /* done, and the ROM is not entered any more, as was to be expected */
        ROM_FAILED, /* see `error`; nothing more can be said to this chip */
};

struct rom {
        struct link link;

        /* Set once by the owner. */
        const struct entry_config *entry;
        unsigned baud;

        /* What it is believed or known to be; NULL: unknown. The owner sets it when identified. */
        const struct chip *chip;
        uint16_t chip_id;
        uint8_t erase_command; /* 0x43 or 0x44, from Get's list; 0: none */
        bool may_reset;        /* recovery may pulse NRST */
        bool fast;             /* the voltage range is to be raised after each entry */

        /* The operation under way. */
        unsigned state;
        bool critical;       /* no reset, no abort: option bytes or protection are being written */
        bool unsettled;      /* ... and may still be, though the operation has failed */
        bool said;           /* all of it, and it was not refused */
        bool begun;          /* perhaps: not each time was the command itself refused */
        bool may_vanish;     /* what is written may lock the ROM out */
        bool broken_is_data; /* a write or try: what broke is unsure, never simply repeated */
        bool insists;        /* a refusal is unlikely to be meant: the chip is brought back first */
        uint64_t settle;     /* after a critical operation */
        uint64_t longest;    /* time-out of its longest stage */
        unsigned refusals, breaks, readings;
        struct exchange wanted; /* what to say, kept for repeats */
        bool twice;
        uint8_t reading[256]; /* the last one, to be confirmed */
        size_t n_reading;
        struct enter enter;
        struct resync resync;

        /* Results. */
        enum rom_status status;
        enum session_error error;
        struct session_failure failure; /* command, stage, bytes, evidence, errno */
        unsigned recoveries;            /* since the beginning */
        bool resynced; /* filler was sent: what was verified before no longer counts */
};

void rom_init(struct rom *rom, const struct entry_config *entry, const struct chip *chip,
              unsigned baud, bool instant);

/* Each starts one operation; rom_advance() carries it on whenever the link is idle. */

/*
 * Brings the chip into its ROM. One that is found there without touching a line leaves may_reset
 * false, until the owner knows that the lines would bring it back.
 */
void rom_enter(struct rom *rom);
void rom_allow_reset(struct rom *rom);
void rom_reenter(struct rom *rom); /* by the lines; the same chip must answer */
void rom_look(struct rom *rom);    /* is the ROM there? ROM_OK or ROM_NACK; drives no line */

/* Answers carry no checksum: this, and what is read `twice`, is asked for until two answers in a
 * row agree. */
void rom_get(struct rom *rom);

/* 1..256 bytes, see rom_data(). `try`: it may be refused or fault; after silence it is ROM_UNSURE,
 * recovered. */
void rom_read(struct rom *rom, uint32_t address, size_t size);
void rom_read_twice(struct rom *rom, uint32_t address, size_t size);
void rom_try_read(struct rom *rom, uint32_t address, size_t size);
void rom_try_read_twice(struct rom *rom, uint32_t address, size_t size);

void rom_write(struct rom *rom, uint32_t address, const uint8_t *data, size_t size);
void rom_erase(struct rom *rom, const struct flash_page *pages, size_t n_pages);
void rom_erase_all(struct rom *rom, uint32_t flash_size);
void rom_erase_bank(struct rom *rom, uint8_t bank, uint32_t flash_size);
void rom_go(struct rom *rom, uint32_t address); /* ROM_UNSURE: it went, or nobody is there */
void rom_steps(struct rom *rom, const struct entry_sequence *steps);

/* F2/F4/F7: programs words from now on, also after a recovery. VDD must be 2.7 V or more. */
void rom_raise_voltage_range(struct rom *rom);

/*
 * Critical sections. Each ends with the chip re-entered, since most ROMs reset themselves (AN3155
 * 3.6, 3.9-3.12); ROM_UNSURE: it broke off, look what holds. `may_vanish`: ROM_GONE is possible.
 */
void rom_write_options(struct rom *rom, uint32_t address, const uint8_t *data, size_t size,
                       bool may_vanish);
void rom_write_protect(struct rom *rom, const uint8_t *sectors, size_t n_sectors);
void rom_protection(struct rom *rom, enum an3155_command command, uint32_t flash_size);

/* Was the chip reset at the end of a critical section? If not, what was written is not in force. */
bool rom_was_reset(const struct rom *rom);

/* ... and by itself: it was found in its ROM, started anew, before a line was touched. */
bool rom_reset_itself(const struct rom *rom);

/* Most pages that rom_erase() may be given at once, starting with this one. */
size_t rom_erase_limit(const struct rom *rom, const struct flash_page *first);

enum rom_status rom_advance(struct rom *rom);

/* The bytes that a finished Read, Get or Get ID brought. */
const uint8_t *rom_data(const struct rom *rom, size_t *ret_size);

/* Leaves the operation as it stands. Not while `critical`. */
void rom_abort(struct rom *rom);
