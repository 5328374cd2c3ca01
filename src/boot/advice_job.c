/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "boot/advice_cause.h"
#include "util/macro.h"

/* Why a job failed although the ROM did as it was told, or before it was needed: the chip, the
 * image, what stands in flash, the gateway. */

#define E(error) (1U << SESSION_##error)

/* ---- conditions ---- */

CONDITION(reported_chip_known) {
        return chip_by_id(failure->chip_id) != NULL;
}

CONDITION(reported_chip_unknown) {
        return !chip_by_id(failure->chip_id);
}

CONDITION(parity_dropped) {
        return failure->system == -EPROTONOSUPPORT;
}

CONDITION(has_reason) {
        return failure->reason != NULL;
}

/* Not the chip as such, but its pages at an address. */
CONDITION(layout_unknown) {
        return failure->has_address;
}

CONDITION(no_reason) {
        return !has_reason(failure, context);
}

CONDITION(unflashable) {
        return has_reason(failure, context) && !failure->has_address;
}

CONDITION(unflashable_no_reason) {
        return no_reason(failure, context) && !failure->has_address;
}

CONDITION(outside_flash) {
        return failure->plan.status == PLAN_OUTSIDE_FLASH;
}

CONDITION(too_large) {
        return failure->plan.status == PLAN_TOO_LARGE;
}

CONDITION(flash_not_there) {
        return failure->plan.status == PLAN_NOT_THERE;
}

CONDITION(holds_options) {
        return failure->plan.status == PLAN_OPTION_BYTES;
}

CONDITION(cannot_start) {
        return failure->plan.status == PLAN_CANNOT_START;
}

CONDITION(nothing_in_flash) {
        return failure->plan.status == PLAN_EMPTY;
}

CONDITION(range_outside) {
        return failure->plan.status == PLAN_RANGE_OUTSIDE;
}

CONDITION(reads) {
        return range_outside(failure, context) && failure->phase == SESSION_PHASE_READ;
}

CONDITION(erases) {
        return range_outside(failure, context) && !reads(failure, context);
}

CONDITION(no_such_sector) {
        return failure->n_sectors > 0;
}

CONDITION(lacking) {
        return failure->n_sectors == 0 && !(failure->has_address && failure->reason);
}

CONDITION(nothing_there) {
        return failure->has_address && failure->reason;
}

CONDITION(overlaps) {
        return failure->plan.status == PLAN_OVERLAP;
}

static uint8_t erased_value(const struct advice_context *context) {
        return context->chip ? context->chip->erased : 0xFF;
}

/* The byte was never programmed, or was erased again. */
CONDITION(found_erased) {
        return failure->found == erased_value(context);
}

/* ... or is there, and is not shown before a reset that nobody here can give. */
CONDITION(may_be_stale) {
        bool has_reset = context->entry && context->entry->has_reset;

        return found_erased(failure, context) && !has_reset && context->chip &&
               context->chip->quirks & CHIP_QUIRK_REREAD;
}

CONDITION(not_programmed) {
        return found_erased(failure, context) && !may_be_stale(failure, context);
}

CONDITION(supply_or_wear) {
        return failure->twin == 0 && !may_be_stale(failure, context);
}

/* An old byte stands: it was never erased. */
CONDITION(found_old) {
        return failure->found != erased_value(context);
}

CONDITION(banks_stay) {
        (void)failure;
        return !context->chip || !(context->chip->quirks & CHIP_QUIRK_BANK_SWAP);
}

CONDITION(twin_lost) {
        return failure->twin != 0;
}

CONDITION(twin_not_lost) {
        return failure->twin == 0;
}

CONDITION(is_configured_image) {
        (void)failure;
        return context->configured_image;
}

CONDITION(is_other_image) {
        return !is_configured_image(failure, context);
}

CONDITION(in_use) {
        return failure->system == -EBUSY;
}

CONDITION(not_allowed) {
        return failure->system == -EACCES || failure->system == -EPERM;
}

CONDITION(not_there) {
        return failure->system == -ENOENT || failure->system == -ENODEV ||
               failure->system == -ENXIO;
}

CONDITION(lines_otherwise) {
        return !in_use(failure, context) && !not_allowed(failure, context) &&
               !not_there(failure, context);
}

CONDITION(is_virtual) {
        (void)failure;
        return context->is_virtual;
}

/* No virtual port is one. */
CONDITION(not_the_mini_uart) {
        return context->is_virtual || !parity_dropped(failure, context);
}

CONDITION(not_bootable) {
        return failure->outcome == SESSION_NOT_BOOTABLE;
}

CONDITION(may_boot) {
        const struct session_remains *r = &failure->remains;

        return not_bootable(failure, context) && (r->boot_stands || r->boot_uncertain);
}

CONDITION(boots_nothing) {
        return not_bootable(failure, context) && !may_boot(failure, context);
}

static bool options_stand(const struct session_failure *failure) {
        return failure->options == SESSION_OPTIONS_NONE ||
               failure->options == SESSION_OPTIONS_UNTOUCHED;
}

CONDITION(nothing_done) {
        return !not_bootable(failure, context) && options_stand(failure) && !failure->lines_left;
}

CONDITION(options_done) {
        return !not_bootable(failure, context) && !options_stand(failure);
}

/* ---- the rows ---- */

const struct advice_cause advice_job_causes[] = {
        /* Which chip it is. */
        { .name = "other-chip",
          .errors = E(WRONG_CHIP),
          .when = reported_chip_known,
          .text = "This is {found}. If the board is right, correct Chip= in the target's file; if "
                  "not, the port or the lines belong to another board." },
        { .name = "unknown-other-chip",
          .errors = E(WRONG_CHIP),
          .when = reported_chip_unknown,
          .text = "ID {id} is in no table: check the port and the lines, then remove Chip= and give "
                  "the layout by hand (--layout)." },
        { .name = "layout",
          .errors = E(UNKNOWN_CHIP),
          .text = "ID {id} is in no table. If you know its pages, give them by hand: `stmbootctl "
                  "flash {target} IMAGE --layout=64x2K` (64 pages of 2 KiB from the start of "
                  "flash)." },
        { .name = "layout-unknown",
          .errors = E(UNFLASHABLE),
          .when = layout_unknown,
          .text = "If you know how the option is set, give the pages by hand: --layout=256x2K, or "
                  "\"2x(128x2K)\" for two banks." },
        { .name = "unflashable",
          .errors = E(UNFLASHABLE),
          .when = unflashable,
          .text = "{chip} cannot be flashed this way: {what}. `stmbootctl probe {target}` works." },
        { .name = "unflashable-other",
          .errors = E(UNFLASHABLE),
          .when = unflashable_no_reason,
          .text = "This chip cannot be flashed through its ROM by stmboot: use a debug probe." },

        /* The image and the flash. */
        { .name = "outside-flash",
          .errors = E(DOES_NOT_FIT),
          .when = outside_flash,
          .text = "The image is linked for another address: flash is at {flash}. Check the linker "
                  "script; a raw binary is placed with --address." },
        { .name = "too-large",
          .errors = E(DOES_NOT_FIT),
          .when = too_large,
          .text = "This chip has {flash_size} of flash; the image ends at {image_end}, "
                  "{excess} bytes too far. Build a smaller one, or look at the part number on the "
                  "chip." },
        { .name = "not-there",
          .errors = E(DOES_NOT_FIT),
          .when = flash_not_there,
          .text = "The size of this chip's flash cannot be read, and it has less than {flash_size}: "
                  "look at the part number on the chip, and build a smaller image." },
        { .name = "option-segments",
          .errors = E(DOES_NOT_FIT),
          .when = holds_options,
          .text = "The image holds option bytes at {image_start}. If they are meant to be written, "
                  "say so: `stmbootctl flash {target} IMAGE --option-segments`." },
        { .name = "nothing-in-flash",
          .errors = E(DOES_NOT_FIT),
          .when = nothing_in_flash,
          .text = "Nothing in the image belongs into flash ({flash}): `stmbootctl image FILE` shows "
                  "its segments." },
        { .name = "cannot-start",
          .errors = E(DOES_NOT_FIT),
          .when = cannot_start,
          .text = "Is it the right file, and a raw binary at the right --address? `stmbootctl image "
                  "FILE` shows what it is. What is no firmware and shall stand there all the same is "
                  "flashed with --unbootable." },
        { .name = "range-outside",
          .errors = E(DOES_NOT_FIT),
          .when = erases,
          .text = "This chip has {flash_size} of flash at {flash}: name a range within it, or none "
                  "to erase all of it." },
        { .name = "reads-outside",
          .errors = E(DOES_NOT_FIT),
          .when = reads,
          .text = "This chip has {flash_size} of flash at {flash}: read what lies within it." },
        { .name = "overlap",
          .errors = E(DOES_NOT_FIT),
          .when = overlaps,
          .text = "Two segments land at {image_start}, one of them by another address of the same "
                  "flash: link the image for {flash} only." },

        /* Asked for too much, or not said loudly enough. */
        { .name = "enable-boot-pin",
          .errors = E(BOOT_PIN),
          .text = "{chip} ignores BOOT0 as its option bytes stand: with firmware in it, nobody "
                  "could enter its ROM again. `stmbootctl flash {target} IMAGE --enable-boot-pin` "
                  "makes it obey BOOT0 first." },
        { .name = "one-piece",
          .errors = E(BOOT_PIN),
          .text = "If BOOT0 shall stay ignored: --one-piece flashes without a reset in between; "
                  "after that only a debug probe gets in, and a failure midway needs one too." },
        { .name = "permanent",
          .errors = E(PERMANENT),
          .when = has_reason,
          .text = "{what} can never be undone. If that is what you want, repeat the command with "
                  "--permanent." },
        { .name = "permanent-other",
          .errors = E(PERMANENT),
          .when = no_reason,
          .text = "This can never be undone. If that is what you want, repeat the command with "
                  "--permanent." },
        { .name = "no-such-sector",
          .errors = E(UNSUPPORTED),
          .when = no_such_sector,
          .text = "Name sectors from 0 to {last_sector}. On F2, F4, F7 and H7 they are those of the "
                  "flash, elsewhere 4 KiB each; the 32nd of F0, F1 and F3 covers all the rest." },
        { .name = "nothing-to-start",
          .errors = E(UNSUPPORTED),
          .when = nothing_there,
          .text = "Flash an application there first, or name the address of its vector table; without "
                  "an address the chip starts what it boots from." },
        { .name = "unsupported",
          .errors = E(UNSUPPORTED),
          .when = lacking,
          .text = "`stmbootctl probe {target}` shows what this chip's ROM is; what it lacks needs "
                  "another way (NRST and BOOT0 wired, or a debug probe)." },

        /* What stands in flash. AN3155 3.6, 3.8: protected pages are skipped with an ACK. */
        { .name = "page-protected",
          .errors = E(WRITE_PROTECTED),
          .text = "`stmbootctl unprotect {target} write` lifts the write protection, of all pages; "
                  "then try again. Only pages that the job would change count: an image beside them "
                  "can be flashed as it is." },
        { .name = "write-protected",
          .errors = E(NOT_BLANK),
          .when = banks_stay,
          .text = "The page at {address} was not erased although the ROM said so: it is "
                  "write-protected. `stmbootctl unprotect {target} write`, then flash again." },
        { .name = "banks-swapped",
          .errors = E(NOT_BLANK),
          .quirks = CHIP_QUIRK_BANK_SWAP,
          .when = twin_lost,
          /* RM0444, RM0456 7.5.8, RM0481: nSWAP_BANK, SWAP_BANK. */
          .text = "SWAP_BANK is set, and the ROM does not tell which bank it means. Set it back (by "
                  "the application or a debug probe), or erase both banks first: `stmbootctl erase "
                  "{target} --mass`." },
        { .name = "protected-or-swapped",
          .errors = E(NOT_BLANK),
          .quirks = CHIP_QUIRK_BANK_SWAP,
          .when = twin_not_lost,
          .text = "The page at {address} was not erased although the ROM said so: it is "
                  "write-protected (`stmbootctl unprotect {target} write`), or the banks are swapped "
                  "(SWAP_BANK) and the page at the same place in the other one was meant." },
        { .name = "early-erase-ack",
          .errors = E(VERIFY_MISMATCH),
          .quirks = CHIP_QUIRK_EARLY_ERASE_ACK,
          .when = found_erased,
          /* AN2606, known limitations of H74x V9.1. */
          .text = "The ROM of {chip} (V9.1) says that bank 2 is erased before it is, and what was "
                  "written meanwhile is lost: flash it again." },
        { .name = "low-voltage",
          .errors = E(VERIFY_MISMATCH),
          .quirks = CHIP_QUIRK_VOLTAGE_RANGE,
          .when = found_erased,
          /* RM0090 3.6.2: parallelism and supply range. */
          .text = "Words can be programmed only with VDD at 2.7 V or more: measure it at the chip "
                  "while it is flashed, or leave out --fast-program." },
        { .name = "stale-until-reset",
          .errors = E(VERIFY_MISMATCH) | E(DIFFERS),
          .quirks = CHIP_QUIRK_REREAD,
          .when = may_be_stale,
          /* Users of H723, qa-community.st.com 115022. */
          .text = "Whether {address} is wrong is not known: after writing, the ROM of {chip} may show "
                  "FF where flash holds the right bytes, until it is reset. Wire NRST and name it as "
                  "Reset= in the target's [Lines]; or reset it into its ROM by hand and verify." },
        { .name = "not-programmed",
          .errors = E(VERIFY_MISMATCH),
          .when = not_programmed,
          .text = "Nothing was programmed at {address} although the ROM said so: its page is "
                  "protected (`stmbootctl unprotect {target} write`), or the supply dips. Then "
                  "flash again." },
        { .name = "old-content",
          .errors = E(VERIFY_MISMATCH),
          .when = found_old,
          .text = "Something else stands at {address} although the ROM said that it erased and "
                  "programmed it: the page is write-protected (`stmbootctl unprotect {target} "
                  "write`), or it was not erased (--erase=none)." },
        { .name = "supply-or-wear",
          .errors = E(VERIFY_MISMATCH) | E(NOT_BLANK),
          .when = supply_or_wear,
          .text = "If it happens again at the same address, the flash there is worn out; at "
                  "changing ones, the supply dips while the chip erases and programs." },
        { .name = "differs-from-file",
          .errors = E(DIFFERS),
          .when = is_configured_image,
          .text = "The chip holds something else: `stmbootctl sync {target}` writes the image." },
        { .name = "differs",
          .errors = E(DIFFERS),
          .when = is_other_image,
          .text = "The chip holds something else: `stmbootctl flash {target} IMAGE` writes the "
                  "image." },

        /* The gateway. */
        { .name = "line-in-use",
          .errors = E(LINES),
          .when = in_use,
          .text = "Another program or driver holds the line: `gpioinfo` names it. Stop that, or name "
                  "other lines in the target's [Lines]." },
        { .name = "line-not-allowed",
          .errors = E(LINES),
          .when = not_allowed,
          .text = "The daemon may not open the GPIO chip: its udev rule gives it to the service's "
                  "group; `ls -l /dev/gpiochip*` and `journalctl -u stmbootd` show more." },
        { .name = "line-not-there",
          .errors = E(LINES),
          .when = not_there,
          .text = "There is no such GPIO chip or line: Chip= in [Lines] takes a label, name or path "
                  "(`gpiodetect` lists them), Boot0= and Reset= a number or name of a line." },
        { .name = "lines",
          .errors = E(LINES),
          .when = lines_otherwise,
          .text = "The lines could not be driven: `journalctl -u stmbootd` has the details." },
        { .name = "mini-uart",
          .errors = E(FORMAT),
          .wiring = ADVICE_REAL,
          .when = parity_dropped,
          /* Linux 8250_bcm2835aux: UART_CAP_MINI, no parity; uart.adoc of Raspberry Pi. */
          .text = "The port cannot send even parity. The Raspberry Pi's mini-UART (ttyS0 on GPIO14 "
                  "and 15) is such a one: put dtoverlay=disable-bt into config.txt to have the "
                  "PL011 (ttyAMA0) there, or use another UART's pins." },
        { .name = "port-baud",
          .errors = E(FORMAT),
          .when = not_the_mini_uart,
          .text = "The port may not reach {baud} baud (an 8250 stops at 115200): set a lower Baud= in "
                  "the target's [Serial]." },
        { .name = "link",
          .errors = E(LINK_LOST),
          .wiring = ADVICE_REAL,
          .text = "The port vanished or broke: a USB adapter was unplugged or lost its supply. Once "
                  "it is back, start the job again; `dmesg` tells what the kernel saw." },
        { .name = "link-virtual",
          .errors = E(LINK_LOST),
          .when = is_virtual,
          .text = "Start the job again once the port is back." },
        { .name = "flash-again",
          .errors = E(CANCELLED),
          .when = boots_nothing,
          .text = "Flash it again: `stmbootctl flash {target} IMAGE`. Until then the chip does not "
                  "start." },
        { .name = "flash-again-behind",
          .errors = E(CANCELLED),
          .when = may_boot,
          .text = "Flash it again: `stmbootctl flash {target} IMAGE`. Until then only what the chip "
                  "boots from can tell that something is missing." },
        { .name = "cancelled",
          .errors = E(CANCELLED),
          .when = nothing_done,
          .text = "Nothing has to be repaired: start the job again when it suits." },
        { .name = "cancelled-options",
          .errors = E(CANCELLED),
          .when = options_done,
          .text = "`stmbootctl option-bytes {target}` and `stmbootctl probe {target}` show how the "
                  "chip is protected and configured now; started again, the job does the rest." },

        { .name = "trace",
          .errors =
                  ADVICE_ANY & ~(E(CANCELLED) | E(PERMANENT) | E(BOOT_PIN) | E(DOES_NOT_FIT) |
                                 E(WRONG_CHIP) | E(UNKNOWN_CHIP) | E(UNFLASHABLE) | E(UNSUPPORTED) |
                                 E(DIFFERS) | E(LINES) | E(FORMAT) | E(WRITE_PROTECTED)),
          .text = "`stmbootctl trace {target}` shows each byte and line step of this, to be compared "
                  "with what a meter or logic analyser sees at the chip." },
};
const size_t advice_job_causes_size = ARRAY_SIZE(advice_job_causes);
