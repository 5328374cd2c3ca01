/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "boot/advice_cause.h"
#include "boot/command.h"
#include "util/macro.h"

/* What the ROM said in the middle of a job, or did not say: refusals, silence, bytes of nobody. */

#define E(error) (1U << SESSION_##error)

/* ---- conditions ---- */

/* Stages of an exchange (AN3155): the command itself, the address or list, the data. */
enum {
        STAGE_COMMAND,
        STAGE_ADDRESS,
        STAGE_DATA,
};

static bool is_command(const struct session_failure *failure, uint8_t a, uint8_t b, uint8_t c) {
        return failure->has_command &&
               (failure->command == a || failure->command == b || failure->command == c);
}

static bool is_erase(const struct session_failure *failure) {
        return is_command(failure, AN3155_ERASE, AN3155_EXTENDED_ERASE, AN3155_EXTENDED_ERASE);
}

static bool takes_address(const struct session_failure *failure) {
        return is_command(failure, AN3155_READ, AN3155_WRITE, AN3155_GO);
}

CONDITION(protected_command) {
        return failure->stage == STAGE_COMMAND &&
               (takes_address(failure) || is_erase(failure) ||
                is_command(failure, AN3155_WRITE_PROTECT, AN3155_WRITE_UNPROTECT,
                           AN3155_READOUT_PROTECT));
}

CONDITION(protected_or_refused) {
        return failure->error == SESSION_PROTECTED || protected_command(failure, context);
}

CONDITION(has_rdp) {
        (void)failure;
        return !context->chip || !(context->chip->quirks & CHIP_QUIRK_NO_RDP);
}

CONDITION(protected_with_rdp) {
        return protected_command(failure, context) && has_rdp(failure, context);
}

CONDITION(pages_were_sent) {
        return is_erase(failure) && failure->stage > STAGE_COMMAND;
}

CONDITION(address_refused) {
        return takes_address(failure) && failure->stage == STAGE_ADDRESS;
}

static bool is_read(const struct session_failure *failure) {
        return is_command(failure, AN3155_READ, AN3155_READ, AN3155_READ);
}

CONDITION(packet_refused) {
        return takes_address(failure) && !is_read(failure) && failure->stage >= STAGE_DATA;
}

CONDITION(length_refused) {
        return is_read(failure) && failure->stage >= STAGE_DATA;
}

CONDITION(unprotect_refused) {
        return failure->has_command && failure->command == AN3155_READOUT_UNPROTECT;
}

CONDITION(unprotect_refused_whole) {
        return unprotect_refused(failure, context) && failure->stage == STAGE_COMMAND;
}

CONDITION(read_silent) {
        return is_read(failure) && failure->stage == STAGE_DATA;
}

CONDITION(start_unknown) {
        return failure->start_unknown;
}

CONDITION(start_not_tried) {
        return !failure->start_unknown;
}

CONDITION(above_tested_baud) {
        return advice_stayed_above(failure, context, ADVICE_TESTED_BAUD);
}

/* ---- the rows ---- */

const struct advice_cause advice_rom_causes[] = {
        /* Protection. AN3155 table 2: with readout protection only Get, Get Version, Get ID and
         * Readout Unprotect are answered. */
        { .name = "product-state",
          .errors = E(PROTECTED) | E(NACK),
          .quirks = CHIP_QUIRK_NO_RDP,
          .when = protected_or_refused,
          /* AN3155, note on STM32H5: protected is PRODUCT_STATE beyond Provisioning. */
          .text = "The PRODUCT_STATE of {chip} is closed: its ROM cannot open it again. A regression "
                  "needs a debug probe and the certificate or password provisioned in it, and "
                  "erases the flash." },
        { .name = "readout-protected",
          .errors = E(PROTECTED),
          .when = has_rdp,
          .text = "The flash is readout-protected. `stmbootctl unprotect {target} readout` lifts "
                  "that (in a script with --yes); the price is all of the flash: the chip erases it. "
                  "Then flash it." },
        { .name = "readout-nack",
          .errors = E(NACK),
          .when = protected_with_rdp,
          .text = "A ROM that refuses the command itself is readout-protected, as a rule. "
                  "`stmbootctl unprotect {target} readout` lifts that (in a script with --yes); the "
                  "price is all of the flash: the chip erases it. Then flash it." },
        { .name = "unprotect-refused",
          .errors = E(NACK),
          .when = unprotect_refused,
          .text = "Try again, and measure the supply meanwhile: to erase all of the flash draws the "
                  "most current, and a dip breaks it off." },
        { .name = "level-2",
          .errors = E(NACK),
          .chip_id = 0x449,
          .when = unprotect_refused_whole,
          /* AN2606, F74xxx/75xxx: elsewhere a chip at level 2 does not enter its ROM. */
          .text = "{chip} enters its ROM at readout protection level 2, too, and refuses this each "
                  "time. That level is for good: neither the ROM nor a debug probe lifts it, and "
                  "such a chip has to be replaced." },

        /* NACK to a part of a command. */
        { .name = "erase-refused",
          .errors = E(NACK),
          .when = pages_were_sent,
          .text = "The ROM refused the list of pages: is the chip what Chip= says, with that much "
                  "flash? A write-protected page can refuse too: `stmbootctl unprotect {target} "
                  "write`." },
        { .name = "address-refused",
          .errors = E(NACK),
          .when = address_refused,
          /* AN3155 3.4; AN2606 table 226. */
          .text = "The ROM gives no access to {address}: only flash, option bytes, and the RAM that "
                  "it does not use itself are allowed." },
        { .name = "length-refused",
          .errors = E(NACK),
          .when = length_refused,
          .text = "What the ROM gives access to may end within the block at {address}: read less. If "
                  "all of it is there, a byte was damaged on its way: shorten the cable, join the "
                  "grounds, or set a lower Baud= in the target's [Serial]." },
        { .name = "packet-refused",
          .errors = E(NACK),
          .when = packet_refused,
          .text = "The checksum did not fit: a byte was damaged on its way. Shorten the cable, join "
                  "the grounds, or set a lower Baud= in the target's [Serial]." },

        /* Silence in mid-job. */
        { .name = "unreadable",
          .errors = E(SILENCE) | E(GARBAGE),
          .quirks = CHIP_QUIRK_ECC,
          .when = read_silent,
          /* RM0351 3.3.2, RM0433 4.7.2: two wrong bits are an NMI or a bus error. */
          .text = "What stands at {address} may be unreadable: programmed twice, or torn by a dip of "
                  "the supply, its error-correcting code does not fit. Flash it with its pages "
                  "erased (not --erase=none)." },
        { .name = "start-unknown",
          .errors = E(SILENCE) | E(GARBAGE),
          .when = start_unknown,
          .text = "Look whether it runs. If it does, all is well: only the answer to its start was "
                  "lost, or its own first bytes covered it. If not, reset it by hand." },
        { .name = "silent-address",
          .errors = E(SILENCE),
          .quirks = CHIP_QUIRK_SILENT_ADDRESS,
          .when = address_refused,
          /* AN3155 table 3: the missing NACK came with V3.1. */
          .text = "Old ROMs of {chip} fall silent at an address that they do not allow instead of "
                  "refusing it: {address} is not in the memory that they give access to." },
        { .name = "erase-silent",
          .errors = E(SILENCE),
          .when = pages_were_sent,
          .text = "Erasing draws the most current and takes longest on a cold or old chip: check "
                  "that its supply does not dip, then try again." },

        /* Bytes that belong to nobody. */
        { .name = "lower-baud",
          .errors = E(SILENCE) | E(NACK),
          .when = above_tested_baud,
          /* AN3155 section 2: tested from 1200 to 115200. */
          .text = "ST tests its ROMs up to 115200 baud, not {baud}: set Baud=115200 in the target's "
                  "[Serial]." },
        { .name = "supply",
          .errors = E(SILENCE) | E(GARBAGE),
          .when = start_not_tried,
          .text = "The chip lost its thread in the middle: a dip of its supply, a loose wire, or a "
                  "reset by something else (a watchdog, a supervisor, a debug probe)." },
        { .name = "other-program",
          .errors = E(GARBAGE) | E(SILENCE),
          .wiring = ADVICE_REAL,
          .text = "Does another program use this port (a console, ModemManager, the gateway's own "
                  "application)? `stmbootctl flash --stop-unit=UNIT` stops a service meanwhile." },
        { .name = "noise",
          .errors = E(GARBAGE),
          .text = "Bytes may be damaged on their way: shorten the cable, join the grounds, or set a "
                  "lower Baud= in the target's [Serial]." },
};
const size_t advice_rom_causes_size = ARRAY_SIZE(advice_rom_causes);
