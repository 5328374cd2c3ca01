/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "boot/advice_cause.h"
#include "util/macro.h"

/*
 * Why a chip does not come into its ROM, or does not stay in step with it. Silence, an
 * application's text and foreign bytes often have one cause: the chip runs its flash, and whether
 * that is seen depends on what it says. Rows about option bits stand above those about wires only
 * where the factory setting already locks the ROM out.
 */

#define P(pattern)  (1U << (pattern))
#define S(symptom)  (1U << ADVICE_SYMPTOM_##symptom)
#define NO_ENTRY    (1U << SESSION_NO_ENTRY)
#define OUT_OF_STEP (NO_ENTRY | 1U << SESSION_GARBAGE)

/* The chip is likely to run its application. */
#define ELSEWHERE (S(SILENCE) | S(TEXT) | S(GARBAGE) | S(NONE))
/* The ROM is there but does not understand us. */
#define MISHEARD (S(ACKED_SILENT) | S(ACKED_NACK) | S(NACK_ONLY) | S(GARBAGE))
/* Nothing is heard of it. */
#define MUTE (S(SILENCE) | S(ZEROS))

/* ---- conditions ---- */

static bool port_is_shared(const struct session_failure *failure,
                           const struct advice_context *context) {
        (void)failure;
        return context->port_user;
}

/* AN3155 section 2: up to 2.5 % of error is safe. AN2606 table 6 has the ROMs' own. */
static bool baud_jitters(const struct session_failure *failure,
                         const struct advice_context *context) {
        return context->chip && context->chip->jitter_percent > 2 &&
               advice_stayed_above(failure, context, 57600);
}

/* AN2606, STM32F378 and F358: 8 MHz system clock. The F373 and F303 of these IDs can do more. */
static bool may_be_8mhz(const struct session_failure *failure,
                        const struct advice_context *context) {
        return context->chip && (context->chip->id == 0x422 || context->chip->id == 0x432) &&
               advice_stayed_above(failure, context, 57600);
}

static bool baud_above_tested(const struct session_failure *failure,
                              const struct advice_context *context) {
        return advice_stayed_above(failure, context, ADVICE_TESTED_BAUD);
}

static bool sequence_waits_too_short(const struct session_failure *failure,
                                     const struct advice_context *context) {
        const struct entry_config *entry = context->entry;

        (void)failure;
        if (!context->chip || !entry || entry->sequence.n_steps == 0)
                return false;
        return entry->sequence.steps[entry->sequence.n_steps - 1].delay <
               MAX(context->chip->startup_usec, context->chip->startup_slow_usec);
}

static bool pins_known(const struct session_failure *failure,
                       const struct advice_context *context) {
        (void)failure;
        return context->chip && context->chip->pins && context->chip->pins[0];
}

static bool pins_unknown(const struct session_failure *failure,
                         const struct advice_context *context) {
        return !pins_known(failure, context);
}

#define EMPTY_CHECK (P(6) | P(11) | P(13) | P(16) | P(19))
#define DUAL_BOOT   (P(3) | P(4) | P(5) | P(7) | P(14))

static bool boot0_alone_decides(const struct session_failure *failure,
                                const struct advice_context *context) {
        (void)failure;
        return !context->chip || !((EMPTY_CHECK | DUAL_BOOT | P(18)) & P(context->chip->pattern));
}

static bool has_readout_level_2(const struct session_failure *failure,
                                const struct advice_context *context) {
        (void)failure;
        return !context->chip || !(context->chip->quirks & (CHIP_QUIRK_NO_RDP | CHIP_QUIRK_8N1));
}

static bool is_g0(const struct session_failure *failure, const struct advice_context *context) {
        (void)failure;
        return context->chip && context->chip->family[0] == 'G' && context->chip->family[1] == '0';
}

/* ---- the rows ---- */

const struct advice_cause advice_entry_causes[] = {
        { .name = "port-shared",
          .errors = OUT_OF_STEP | 1U << SESSION_SILENCE,
          .when = port_is_shared,
          .text = "{user} has this port open as well, and takes part of what the chip says: stop it. "
                  "A login on the port ends with `systemctl disable --now "
                  "serial-getty@NAME.service`." },
        /* Nobody can do what entry needs. AN2606 section 4: the pattern is looked at on reset. */
        { .name = "no-lines",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE | S(ZEROS) | S(ECHO),
          .wiring = ADVICE_NO_LINES,
          .text = "Nobody here resets this chip: the target has no [Lines]. Bring it into its ROM by "
                  "hand (BOOT0 high, then a reset) and try again at once, or wire BOOT0 and NRST "
                  "and name them in [Lines]." },
        { .name = "out-of-step-no-reset",
          .errors = NO_ENTRY,
          .symptoms = MISHEARD,
          .wiring = ADVICE_NO_RESET,
          /* AN2606 4.3: the baud rate is taken once. AN3155 has no time-out between bytes. */
          .text = "The ROM is awake but out of step with us: a command of somebody else is half "
                  "sent, or its baud rate was fixed at another one. Only a reset ends that, and "
                  "NRST is not wired here: reset or power-cycle the chip, then try again." },
        { .name = "no-reset",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES | ADVICE_NO_RESET,
          /* RM0008, RM0090, boot configuration: the pins are latched after a reset. */
          .text = "NRST is not wired (no Reset= in [Lines]), and BOOT0 is looked at only after a "
                  "reset: reset or power-cycle the chip while `stmbootctl probe {target}` tries, "
                  "or wire NRST." },

        /* Without BOOT0 the ROM starts in a few cases only. AN2606 table 2. */
        { .name = "no-boot0-pa10",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES | ADVICE_NO_BOOT0,
          .patterns = P(18),
          .text = "{chip} enters its ROM while PA10 is high during a reset, and no line is named "
                  "for it: wire PA10 and name its line as Boot0= in [Lines]." },
        { .name = "no-boot0-empty-check",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES | ADVICE_NO_BOOT0,
          .patterns = EMPTY_CHECK,
          /* RM0444, RM0351, boot configuration: the flag is set at power-on or option loading. */
          .text = "BOOT0 is not wired (no Boot0= in [Lines]). Without it {chip} enters its ROM only "
                  "while its flash is empty, and it looks at that only at power-on: power-cycle an "
                  "empty chip; for one with firmware wire BOOT0." },
        { .name = "no-boot0-dual-boot",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES | ADVICE_NO_BOOT0,
          .patterns = DUAL_BOOT,
          .text = "BOOT0 is not wired (no Boot0= in [Lines]). Without it {chip} stays in its ROM "
                  "only if dual-bank boot (option bit BFB2) is on and neither bank holds valid "
                  "code: wire BOOT0." },
        { .name = "no-boot0",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES | ADVICE_NO_BOOT0,
          .when = boot0_alone_decides,
          .text = "BOOT0 is not wired (no Boot0= in [Lines]), so a reset starts the application: "
                  "wire BOOT0 and name its line, or hold it high by hand during the attempt." },

        /* Locked out from the factory. RM0454 3.4.1: nBOOT_SEL is 1 as delivered. */
        { .name = "boot0-ignored",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES,
          .quirks = CHIP_QUIRK_PIN_OFF,
          .text = "{chip} ignores BOOT0 as delivered (option bit nBOOT_SEL is 1): its ROM starts "
                  "only while flash is empty. If nBOOT_SEL was cleared before, power-cycle the "
                  "chip once: a reset does not load it. If not, and it holds firmware, clear it "
                  "once with a debug probe (SWD); next time do it in the first flash, with "
                  "`stmbootctl flash --enable-boot-pin`." },
        /* AN2606, known limitations of C051, C071, C09x, G07x V11.3, G0B1, U031, U073. */
        { .name = "empty-flag-cleared",
          .errors = NO_ENTRY,
          .symptoms = S(SILENCE) | S(NONE),
          .quirks = CHIP_QUIRK_EMPTY_CLEARED,
          .text = "If the flash is still empty: the ROM of {chip} forgets that when it starts, and "
                  "the next reset runs blank flash and hangs. Power-cycle the chip, then flash it "
                  "in one go." },
        { .name = "product-state",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES,
          .patterns = P(17),
          .text = "{chip} obeys BOOT0 only while its PRODUCT_STATE is Open; in Provisioning it "
                  "always enters the ROM, beyond that never. A closed part goes back only by a "
                  "regression through a debug probe, which erases it." },
        { .name = "pa10-high",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES | ADVICE_BOOT0,
          .patterns = P(18),
          .text = "{chip} has no BOOT0: PA10 must be high while it is reset. Boot0= must name the "
                  "line that drives PA10. Its ROM talks 8N1, which is set by itself once Chip= "
                  "names the chip." },

        { .name = "sequence-wait",
          .errors = NO_ENTRY,
          .symptoms = MUTE | S(GARBAGE) | S(NONE),
          .wiring = ADVICE_SEQUENCE,
          .when = sequence_waits_too_short,
          /* AN2606 table 227. */
          .text = "The last wait of Sequence= is shorter than {chip} takes to start its ROM, up to "
                  "{startup} ms: make it longer, or remove Sequence= to use the built-in steps." },
        { .name = "sequence",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE | S(ZEROS),
          .wiring = ADVICE_SEQUENCE,
          .text = "Sequence= replaces the steps and waits that are known for this chip: remove it "
                  "from the target's [Entry] and try the built-in ones." },

        /* The line joins both directions. */
        { .name = "echo-answered",
          .errors = NO_ENTRY,
          .symptoms = S(ECHO_ANSWERED),
          .text = "The ROM is there, but the line echoes what we send: RX is tied to TX, a half-duplex "
                  "transceiver (RS-485, single wire) hears itself, or the adapter has its local "
                  "echo on. The ROM needs two wires: our TX to its RX, our RX to its TX." },
        { .name = "echo",
          .errors = NO_ENTRY,
          .symptoms = S(ECHO),
          .text = "We hear ourselves: RX and TX are joined somewhere, or this is a single-wire "
                  "adapter. The ROM needs two wires: our TX to its RX, our RX to its TX." },
        { .name = "echo-application",
          .errors = NO_ENTRY,
          .symptoms = S(ECHO),
          .text = "If no wire joins RX and TX, the application is echoing: the chip is not in its "
                  "ROM, so BOOT0 or NRST does not reach it." },

        { .name = "line-low",
          .errors = NO_ENTRY,
          .symptoms = S(ZEROS),
          .text = "Our RX is low all the time: the chip has no power, it is held in reset, or "
                  "nothing drives that wire. Check the supply, a common ground, and that our RX "
                  "goes to its TX." },

        /* Baud rate and parity. */
        { .name = "baud-jitter",
          .errors = OUT_OF_STEP,
          .symptoms = MISHEARD | S(ZEROS) | S(NONE),
          .when = baud_jitters,
          /* AN2606 table 6, and the known limitations of F72x, F74x, F76x. */
          .text = "The ROM of {chip} measures the baud rate in software and may miss it by up to "
                  "{jitter} %, differently after each reset: set Baud=57600 in the target's "
                  "[Serial]." },
        { .name = "baud-8mhz",
          .errors = OUT_OF_STEP,
          .symptoms = MISHEARD | MUTE | S(NONE),
          .when = may_be_8mhz,
          .text = "An STM32F358 or F378 runs its ROM at 8 MHz and is good for 57600 baud at most: set "
                  "Baud=57600 in the target's [Serial]." },
        { .name = "baud-untested",
          .errors = OUT_OF_STEP,
          .symptoms = MISHEARD | MUTE | S(NONE),
          .when = baud_above_tested,
          /* AN3155 section 2: tested from 1200 to 115200. */
          .text = "ST tests its ROMs up to 115200 baud; {baud} works with some chips and adapters "
                  "only: set Baud=115200 in the target's [Serial]." },
        { .name = "parity-lost",
          .errors = NO_ENTRY,
          .symptoms = MISHEARD,
          .wiring = ADVICE_REAL,
          /* AN3155 section 1: 8E1. The bits of 0x7F and 0x79 make parity look like the stop bit.
           */
          .text = "0x7F and its answer look the same with and without a parity bit, commands do "
                  "not. Some CH340 adapters and the Raspberry Pi's mini-UART (ttyS0) leave it out: "
                  "use a CP210x or FTDI adapter, or the Pi's PL011 (dtoverlay=disable-bt)." },
        { .name = "wb-uart-error",
          .errors = NO_ENTRY,
          .symptoms = MISHEARD | S(SILENCE),
          .chip_id = 0x495,
          /* AN2606, STM32WB55 known limitations. */
          .text = "Resets in the middle of a transfer can leave the USART of {chip} in an error "
                  "that its ROM does not clear: power-cycle the chip." },
        { .name = "still-in-rom",
          .errors = NO_ENTRY,
          .symptoms = S(NACK_ONLY),
          .wiring = ADVICE_RESET,
          .text = "A ROM that refuses everything was not reset: NRST does not reach the chip, or "
                  "Reset= has the wrong polarity. Power-cycle it, then check the wire." },

        /* Wires. */
        { .name = "boot0-or-reset",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_RESET | ADVICE_BOOT0,
          .text = "BOOT0 or NRST may not reach the chip, or with the wrong polarity. While "
                  "`stmbootctl probe {target}` runs, the chip's BOOT0 must be at 3.3 V, and NRST "
                  "must go low for a moment; behind an inverting transistor write the line as !N "
                  "in [Lines]." },

        /* Which bits or pins let BOOT0 count. AN2606 table 2. */
        { .name = "boot1",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES | ADVICE_NO_BOOT1,
          .patterns = P(1) | P(3) | P(4) | P(5),
          .text = "With BOOT1 high, {chip} starts RAM instead of the ROM: the BOOT1 pin (PB2 on "
                  "most) must be low; check the board's jumper or pull-down, or name its line as "
                  "Boot1= in [Lines]." },
        { .name = "boot1-polarity",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_BOOT1,
          .patterns = P(1) | P(3) | P(4) | P(5),
          .text = "Boot1= is driven low for the ROM: if the chip's BOOT1 pin is high during the "
                  "attempt, its polarity is wrong." },
        { .name = "dual-boot",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES,
          .patterns = P(3),
          .text = "With dual-bank boot on (option bit BFB2 is 0) the ROM of {chip} goes on to a bank "
                  "that holds valid code even if BOOT0 is high: set BFB2 to 1 with a debug probe, "
                  "or erase the first page of both banks." },
        { .name = "nboot1-bit",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES,
          .patterns = P(2),
          .text = "BOOT0 leads {chip} into its ROM only while the option bit nBOOT1 is 1, its "
                  "factory value: read the option bytes with a debug probe." },
        { .name = "nswboot0-bit",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES,
          .patterns = P(6) | P(7) | P(13) | P(14) | P(15) | P(16),
          .text = "BOOT0 leads {chip} into its ROM only while the option bits nBOOT1 and nSWBOOT0 "
                  "(nBOOT0_SEL) are 1, as delivered, and no BOOT_LOCK is set: read the option bytes "
                  "with a debug probe." },
        /* RM0385, RM0431, option bytes: address >> 14; 0x0040 is the ROM, 0x0080 flash. */
        { .name = "boot-add-f7",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES,
          .patterns = P(8),
          .text = "BOOT0 high makes {chip} start what its option BOOT_ADD1 says: 0x0040, the "
                  "factory value, is the ROM (BOOT_ADD0 is 0x0080, flash). If it was changed, set "
                  "it back with a debug probe." },
        /* RM0410, option bytes; AN2606, known limitations of F76x/F77x V9.3. */
        { .name = "boot-add-f76",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES,
          .patterns = P(9),
          .text = "BOOT0 high makes {chip} start what its option BOOT_ADD1 says (factory: 0x0040, "
                  "the ROM; BOOT_ADD0: 0x0080, flash). With nDBANK and nDBOOT both 0 it ignores "
                  "BOOT0 and goes by BOOT_ADD0 alone: set nDBOOT to 1 with a debug probe." },
        /* RM0433, option bytes: address >> 16. */
        { .name = "boot-add-h7",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES,
          .patterns = P(10),
          .text = "BOOT0 high makes {chip} start what its option BOOT_ADD1 says: 0x1FF0, the "
                  "factory value, is the ROM (BOOT_ADD0 is 0x0800, flash). If it was changed, set "
                  "it back with a debug probe." },
        { .name = "nsbootadd",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES,
          .patterns = P(12),
          .text = "BOOT0 high makes {chip} start what its option NSBOOTADD1 says, and only while "
                  "nSWBOOT0 is 1 and TrustZone is off; with TZEN set, SECBOOTADD0 alone decides. "
                  "Read the option bytes with a debug probe." },
        { .name = "bootsel-bit",
          .errors = NO_ENTRY,
          .symptoms = ELSEWHERE,
          .wiring = ADVICE_LINES,
          .patterns = P(19),
          .text = "{chip} looks at its BOOT0 pin only while the option bit BOOTSEL is 1; otherwise "
                  "the bit BOOT0 decides: read the option bytes with a debug probe." },

        /* Pins that take the ROM's attention. AN2606, known limitations and remarks. */
        { .name = "pa9-high",
          .errors = NO_ENTRY,
          .symptoms = S(SILENCE) | S(NONE),
          .chip_id = 0x418,
          .text = "Keep PA9 (the chip's TX) low or open until its first answer: with PA9 high at "
                  "reset, {chip} looks for USB and takes half a second longer. Parts made before "
                  "2009 week 37 also want PD6, PB5, PA11 and PA12 high." },
        { .name = "pa3-low",
          .errors = NO_ENTRY,
          .symptoms = S(SILENCE) | S(NONE),
          .chip_id = 0x466,
          .text = "The ROM of {chip} (V5.1, V5.2) hangs while PA3, the RX of USART2, is low: pull "
                  "it up." },
        { .name = "pb15-low",
          .errors = NO_ENTRY,
          .symptoms = S(SILENCE) | S(NONE),
          .chip_id = 0x450,
          .text = "The ROM of {chip} hears no port at all while PB15 is low: pull it up. Its first "
                  "version (V9.0) also needs a second reset after power-on, or a pull-up on PA11." },
        { .name = "pc11-low",
          .errors = NO_ENTRY,
          .symptoms = S(SILENCE) | S(NONE),
          .chip_id = 0x460,
          .text = "The ROM of {chip} (V11.3) does not come up while PC11, the RX of USART3, is "
                  "low: pull it up." },

        { .name = "uart-pins",
          .errors = NO_ENTRY,
          .symptoms = MUTE | S(NONE),
          .when = pins_known,
          .text = "RX and TX may be swapped, or go to a port that the ROM of {chip} does not listen "
                  "on. It listens on {pins}: its RX to our TX, its TX to our RX." },
        { .name = "uart-pins-unknown",
          .errors = NO_ENTRY,
          .symptoms = MUTE | S(NONE),
          .when = pins_unknown,
          .text = "RX and TX may be swapped, or go to a port that the ROM does not listen on (most "
                  "listen on PA10, RX, and PA9, TX). With Chip= in the target's file this tells "
                  "the pins." },
        { .name = "application-baud",
          .errors = NO_ENTRY,
          .symptoms = S(GARBAGE),
          .text = "Bytes that make no sense often are an application at another baud rate: the chip "
                  "is not in its ROM then, so look at BOOT0 and NRST. An RS-232 adapter instead of "
                  "a 3.3 V one looks the same." },
        { .name = "reset-polarity",
          .errors = NO_ENTRY,
          .symptoms = MUTE | S(NONE),
          .wiring = ADVICE_RESET,
          .text = "If the application stays dead after this, NRST is held low: Reset= has the wrong "
                  "polarity (Reset=N pulls the pin low to reset, Reset=!N drives it high)." },
        { .name = "after-debugger",
          .errors = NO_ENTRY,
          .symptoms = S(SILENCE) | S(NONE),
          .when = is_g0,
          /* Seen by users on G07x and G0C1 (ST community). */
          .text = "After a debug probe was attached, {chip} may not enter its ROM until it is "
                  "power-cycled." },
        { .name = "other-interface",
          .errors = NO_ENTRY,
          .symptoms = S(SILENCE) | S(NONE),
          /* AN2606 4.3. */
          .text = "Another interface may have taken the ROM: it serves the first UART, SPI, I2C, "
                  "CAN or USB port on which anything moves. Keep a GPS, a CAN bus or USB quiet "
                  "during the attempt, and unused RX inputs pulled up." },
        { .name = "readout-level-2",
          .errors = NO_ENTRY,
          .symptoms = S(SILENCE) | S(TEXT) | S(NONE),
          .when = has_readout_level_2,
          /* AN2606 section 4: no boot from system memory at RDP level 2. */
          .text = "A chip with readout protection at level 2 never enters its ROM again; nothing "
                  "undoes that." },
};
const size_t advice_entry_causes_size = ARRAY_SIZE(advice_entry_causes);
