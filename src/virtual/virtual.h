/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/chip.h"

/*
 * A virtual STM32: ROM, flash, option bytes, lines, faults and time, per row of the device table,
 * as strict and as nasty as the silicon. It does no I/O and reads no clock: every call says what
 * time it is (microseconds, never going back), and the chip does until then what it would have
 * done. Bytes take their time on the wire in both directions.
 */

struct virtual_stm32;

struct virtual_config {
        const struct chip *chip;
        uint32_t flash_size;     /* bytes; 0: the family's largest */
        bool size_blank;         /* the size register holds 0xFFFF */
        uint64_t seed;           /* of the unique ID and of everything random */
        enum chip_timing timing; /* program, erase and start-up times */
        bool no_wire_time;       /* bytes arrive at once (for tests that count no time) */
        bool boot0_open;         /* BOOT0 is not wired: the chip sees it low */
        bool reset_open;         /* NRST is not wired */
        bool boot1_high;         /* the board holds BOOT1 high */
        bool uart_crossed;       /* RX and TX swapped: neither side hears the other */
        bool echo;               /* the host hears its own bytes (single-wire adapter) */
        bool autobaud_jitter;    /* a ROM that measures in software errs, up to AN2606's worst */
        bool short_blocks;       /* CHIP_QUIRK_BLOCK_128 holds; AN3155 allows 256 bytes */
        uint8_t bootloader_id;   /* of this part's ROM; 0: a late revision's */
        bool all_commands;       /* Get lists 0x50, 0x51 and 0xA1 too */
        bool resets_itself;      /* after option bytes, whatever the row says (AN3155's text) */
        uint64_t reset_rise;     /* usec that NRST stays low after it is released: a capacitor */
        bool id_otherwise;       /* size and unique ID are read in the way the row does not say */
        bool banks_swapped;      /* SWAP_BANK of a row that shows no option bytes for it */
};

/*
 * A chip as delivered, blank, powered at time 0 with BOOT0 low and NRST high. Returns 0, -ENOMEM,
 * or -EINVAL (no such flash size; a row without flash).
 */
int virtual_new(const struct virtual_config *config, struct virtual_stm32 **ret);
struct virtual_stm32 *virtual_free(struct virtual_stm32 *chip);

/* ---- the pins ---- */

/* Levels at the header: reset = NRST held low. Unwired pins stay as the board has them. */
void virtual_set_lines(struct virtual_stm32 *chip, uint64_t now, bool reset, bool boot0,
                       bool boot1);

/* The host's UART; bytes in flight in another format are garbage to both. */
void virtual_set_format(struct virtual_stm32 *chip, uint64_t now, unsigned baud, bool even_parity);

/* The host sends: bytes queue up on its TX line. */
void virtual_send(struct virtual_stm32 *chip, uint64_t now, const uint8_t *data, size_t size);

/* What has arrived at the host by now. Returns how many bytes were taken. */
size_t virtual_receive(struct virtual_stm32 *chip, uint64_t now, uint8_t *ret_data, size_t size);

/* When virtual_receive() may have something (or the last host byte has left), if nothing else
 * happens; it may turn out to be too early, never too late. USEC_INFINITY: never. */
uint64_t virtual_next_time(struct virtual_stm32 *chip);

/* The same for a host that is woken like a UART with a FIFO: not by each byte of a burst. */
uint64_t virtual_burst_time(struct virtual_stm32 *chip);

/* When the last host byte has left; a time gone by: it has. */
uint64_t virtual_tx_empty_time(struct virtual_stm32 *chip);

/* The host's driver discards what has not begun to leave it and what was not fetched. */
void virtual_flush(struct virtual_stm32 *chip, uint64_t now);

/*
 * `wake(userdata)` is called when virtual_next_time() may have moved through something that is no
 * business of the UART: lines or power. One at a time; NULL: nobody.
 */
typedef void (*virtual_wake_t)(void *userdata);
void virtual_set_wake(struct virtual_stm32 *chip, virtual_wake_t wake, void *userdata);

/* ---- its power ---- */

/* Power fails at this instant: RAM and the session are lost, a program unit or page in work is left
 * torn. Power comes back with a power-on reset. */
void virtual_power_off(struct virtual_stm32 *chip, uint64_t now);
void virtual_power_on(struct virtual_stm32 *chip, uint64_t now);

/* ---- a look inside (for tests, and for State= of a virtual target) ---- */

enum virtual_state {
        VIRTUAL_OFF,
        VIRTUAL_IN_RESET,
        VIRTUAL_STARTING, /* reset released, the ROM is not ready yet */
        VIRTUAL_ROM,
        VIRTUAL_RUNNING, /* a valid vector table was started */
        VIRTUAL_HUNG,    /* started something that is none: lock-up */
};

enum virtual_state virtual_state(struct virtual_stm32 *chip, uint64_t now);

/* Address that the running application was started from. */
uint32_t virtual_running_from(const struct virtual_stm32 *chip);

/* Debug-probe access, bypassing all rules: flash, option bytes, RAM. False: not memory. */
bool virtual_peek(const struct virtual_stm32 *chip, uint32_t address, void *ret_data, size_t size);
bool virtual_poke(struct virtual_stm32 *chip, uint32_t address, const void *data, size_t size);

/* How often an exchange, an edge or a rule violation was seen, for assertions. */
struct virtual_counters {
        unsigned resets;    /* of any cause */
        unsigned exchanges; /* commands that were taken */
        unsigned nacks;
        unsigned erases;      /* commands that were acknowledged, of any pages */
        unsigned page_erases; /* pages, not those of mass erases */
        unsigned mass_erases;
        unsigned units_programmed;
        unsigned overprogrammed;  /* a unit programmed without an erase before */
        unsigned frame_errors;    /* bytes with wrong parity or stop bit, at the chip */
        unsigned sent_while_busy; /* host bytes while the CPU was stalled: may be lost */
        unsigned option_torn;     /* a reset or power cut inside an option-byte write */
};
const struct virtual_counters *virtual_counters(const struct virtual_stm32 *chip);

/* ---- faults ---- */

enum virtual_fault_type {
        VIRTUAL_FAULT_NONE,
        VIRTUAL_FAULT_LOSE_TO_CHIP, /* the n-th byte of that direction never arrives */
        VIRTUAL_FAULT_LOSE_TO_HOST,
        VIRTUAL_FAULT_FLIP_TO_CHIP, /* one bit of it (`detail`, 0-7) is flipped */
        VIRTUAL_FAULT_FLIP_TO_HOST,
        VIRTUAL_FAULT_INSERT_TO_HOST, /* the byte `detail` comes before it */
        VIRTUAL_FAULT_LATE_TO_HOST,   /* it comes `detail` microseconds later */
        VIRTUAL_FAULT_NACK,           /* the n-th command is NACKed; at stage `detail` */
        VIRTUAL_FAULT_DOUBLE_NACK,
        VIRTUAL_FAULT_EXTRA_ACK,
        VIRTUAL_FAULT_STALL,      /* the n-th command is never answered */
        VIRTUAL_FAULT_RESET,      /* the chip resets by itself at the n-th command */
        VIRTUAL_FAULT_DEAD,       /* and stays silent from there on */
        VIRTUAL_FAULT_WRITE_LOST, /* the n-th write is ACKed and does nothing */
        VIRTUAL_FAULT_WRITE_TORN, /* only its first half is programmed */
        VIRTUAL_FAULT_ERASE_WEAK, /* the n-th page erase leaves one bit */
        VIRTUAL_FAULT_POWER,      /* power fails at the n-th exchange, `detail` us into it, and
                                     comes back 100 ms later */
};

struct virtual_fault {
        enum virtual_fault_type type;
        uint64_t at; /* counted from the next byte or command on, from 0 */
        uint32_t detail;
};

/* Adds a fault; each strikes once. Returns 0 or -ENOMEM. */
int virtual_add_fault(struct virtual_stm32 *chip, const struct virtual_fault *fault);

/* Takes all faults back, also a dead chip's; what they did stays. */
void virtual_clear_faults(struct virtual_stm32 *chip);
