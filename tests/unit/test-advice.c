/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advice-fixture.h"
#include "boot/command.h"
#include "boot/failure.h"
#include "util/macro.h"

static const struct given cases[] = {
        /* Every boot pattern, both lines wired, nothing came back. */
        { SEEN(SILENCE), 0x410, BOTH,
          .rows = "boot0-or-reset boot1 uart-pins reset-polarity" }, /* 1 */
        { SEEN(SILENCE), 0x440, BOTH,
          .rows = "boot0-or-reset nboot1-bit uart-pins reset-polarity" },                   /* 2 */
        { SEEN(SILENCE), 0x430, BOTH, .rows = "boot0-or-reset boot1 dual-boot uart-pins" }, /* 3 */
        { SEEN(SILENCE), 0x436, BOTH,
          .rows = "boot0-or-reset boot1 uart-pins reset-polarity" }, /* 4 */
        { SEEN(SILENCE), 0x419, BOTH,
          .rows = "boot0-or-reset boot1 uart-pins reset-polarity" }, /* 5 */
        { SEEN(SILENCE), 0x457, BOTH,
          .rows = "boot0-or-reset nswboot0-bit uart-pins reset-polarity" }, /* 6 */
        { SEEN(SILENCE), 0x415, BOTH,
          .rows = "boot0-or-reset nswboot0-bit uart-pins reset-polarity" }, /* 7 */
        { SEEN(SILENCE), 0x449, BOTH,
          .rows = "boot0-or-reset boot-add-f7 uart-pins reset-polarity" }, /* 8 */
        { SEEN(SILENCE), 0x451, BOTH,
          .rows = "boot0-or-reset boot-add-f76 uart-pins reset-polarity" }, /* 9 */
        { SEEN(SILENCE), 0x450, BOTH,
          .rows = "boot0-or-reset boot-add-h7 pb15-low uart-pins" }, /* 10 */
        { SEEN(SILENCE), 0x460, BOTH,
          .rows = "boot0-ignored empty-flag-cleared boot0-or-reset pc11-low" }, /* 11, G0 */
        { SEEN(SILENCE), 0x443, BOTH,
          .rows = "boot0-ignored boot0-or-reset uart-pins reset-polarity" }, /* 11, C0 */
        { SEEN(SILENCE), 0x489, BOTH,
          .rows = "boot0-ignored empty-flag-cleared boot0-or-reset uart-pins" }, /* 11, U0 */
        { SEEN(SILENCE), 0x482, BOTH,
          .rows = "boot0-or-reset nsbootadd uart-pins reset-polarity" }, /* 12 */
        { SEEN(SILENCE), 0x497, BOTH,
          .rows = "boot0-or-reset nswboot0-bit uart-pins reset-polarity" }, /* 13 */
        { SEEN(SILENCE), 0x469, BOTH,
          .rows = "boot0-or-reset nswboot0-bit uart-pins reset-polarity" }, /* 14 */
        { SEEN(SILENCE), 0x468, BOTH,
          .rows = "boot0-or-reset nswboot0-bit uart-pins reset-polarity" }, /* 15 */
        { SEEN(SILENCE), 0x435, BOTH,
          .rows = "boot0-or-reset nswboot0-bit uart-pins reset-polarity" }, /* 16 */
        { SEEN(SILENCE), 0x484, BOTH,
          .rows = "product-state boot0-or-reset uart-pins reset-polarity" }, /* 17 */
        { SEEN(SILENCE), 0x03B, BOTH,
          .rows = "pa10-high boot0-or-reset uart-pins reset-polarity" }, /* 18 */
        { SEEN(SILENCE), 0x44E, BOTH,
          .rows = "boot0-or-reset bootsel-bit uart-pins reset-polarity" }, /* 19 */
        { SEEN(SILENCE), 0, BOTH,
          .rows = "boot0-or-reset uart-pins-unknown reset-polarity other-interface" },

        /* Whatever came: somebody else may have the rest of it. */
        { SEEN(SILENCE), F405, BOTH, .shared = true,
          .rows = "port-shared boot0-or-reset boot1 uart-pins" },
        { SEEN(TEXT), G071, BOTH, .shared = true,
          .rows = "port-shared boot0-ignored boot0-or-reset readout-level-2" },
        { SEEN(GARBAGE), 0, 0, .shared = true,
          .rows = "port-shared no-lines out-of-step-no-reset parity-lost" },
        { SESSION_SILENCE, .chip = F405, .shared = true,
          .rows = "port-shared supply other-program trace" },

        /* The same with an application that talks. */
        { SEEN(TEXT), 0x410, BOTH, .rows = "boot0-or-reset boot1 readout-level-2 trace" },
        { SEEN(TEXT), 0x440, BOTH, .rows = "boot0-or-reset nboot1-bit readout-level-2 trace" },
        { SEEN(TEXT), 0x430, BOTH, .rows = "boot0-or-reset boot1 dual-boot readout-level-2" },
        { SEEN(TEXT), 0x436, BOTH, .rows = "boot0-or-reset boot1 readout-level-2 trace" },
        { SEEN(TEXT), 0x419, BOTH, .rows = "boot0-or-reset boot1 readout-level-2 trace" },
        { SEEN(TEXT), 0x457, BOTH, .rows = "boot0-or-reset nswboot0-bit readout-level-2 trace" },
        { SEEN(TEXT), 0x415, BOTH, .rows = "boot0-or-reset nswboot0-bit readout-level-2 trace" },
        { SEEN(TEXT), 0x449, BOTH, .rows = "boot0-or-reset boot-add-f7 readout-level-2 trace" },
        { SEEN(TEXT), 0x451, BOTH, .rows = "boot0-or-reset boot-add-f76 readout-level-2 trace" },
        { SEEN(TEXT), 0x450, BOTH, .rows = "boot0-or-reset boot-add-h7 readout-level-2 trace" },
        { SEEN(TEXT), 0x460, BOTH, .rows = "boot0-ignored boot0-or-reset readout-level-2 trace" },
        { SEEN(TEXT), 0x489, BOTH, .rows = "boot0-ignored boot0-or-reset readout-level-2 trace" },
        { SEEN(TEXT), 0x482, BOTH, .rows = "boot0-or-reset nsbootadd readout-level-2 trace" },
        { SEEN(TEXT), 0x497, BOTH, .rows = "boot0-or-reset nswboot0-bit readout-level-2 trace" },
        { SEEN(TEXT), 0x469, BOTH, .rows = "boot0-or-reset nswboot0-bit readout-level-2 trace" },
        { SEEN(TEXT), 0x468, BOTH, .rows = "boot0-or-reset nswboot0-bit readout-level-2 trace" },
        { SEEN(TEXT), 0x435, BOTH, .rows = "boot0-or-reset nswboot0-bit readout-level-2 trace" },
        { SEEN(TEXT), 0x484, BOTH, .rows = "product-state boot0-or-reset trace" },
        { SEEN(TEXT), 0x03B, BOTH, .rows = "pa10-high boot0-or-reset trace" },
        { SEEN(TEXT), 0x44E, BOTH, .rows = "boot0-or-reset bootsel-bit readout-level-2 trace" },
        { SEEN(TEXT), 0, BOTH, .rows = "boot0-or-reset readout-level-2 trace" },

        /* BOOT0 is not wired. */
        { SEEN(SILENCE), 0x410, RESET, .rows = "no-boot0 boot1 uart-pins reset-polarity" },
        { SEEN(SILENCE), 0x430, RESET, .rows = "no-boot0-dual-boot boot1 dual-boot uart-pins" },
        { SEEN(SILENCE), 0x419, RESET,
          .rows = "no-boot0-dual-boot boot1 uart-pins reset-polarity" },
        { SEEN(SILENCE), 0x457, RESET,
          .rows = "no-boot0-empty-check nswboot0-bit uart-pins reset-polarity" },
        { SEEN(SILENCE), G071, RESET,
          .rows = "no-boot0-empty-check boot0-ignored empty-flag-cleared pc11-low" },
        { SEEN(SILENCE), 0x44E, RESET,
          .rows = "no-boot0-empty-check bootsel-bit uart-pins reset-polarity" },
        { SEEN(SILENCE), WB05, RESET,
          .rows = "no-boot0-pa10 uart-pins reset-polarity other-interface" },
        { SEEN(TEXT), F405, RESET | VIRTUAL, .rows = "no-boot0 boot1 readout-level-2 trace" },
        { SEEN(SILENCE), 0, RESET,
          .rows = "no-boot0 uart-pins-unknown reset-polarity other-interface" },

        /* NRST is not, or nothing is. */
        { SEEN(SILENCE), F405, BOOT0, .rows = "no-reset boot1 uart-pins other-interface" },
        { SEEN(TEXT), G071, BOOT0, .rows = "no-reset boot0-ignored readout-level-2 trace" },
        { SEEN(SILENCE), F405, 0, .rows = "no-lines uart-pins other-interface readout-level-2" },
        { SEEN(TEXT), F405, 0, .rows = "no-lines readout-level-2 trace" },
        { SEEN(TEXT), H563, 0, .rows = "no-lines trace" },
        { SEEN(NACK_ONLY), F405, 0, .rows = "out-of-step-no-reset baud-jitter parity-lost trace" },
        { SEEN(ACKED_NACK), F405, BOOT0,
          .rows = "out-of-step-no-reset baud-jitter parity-lost trace" },
        { SEEN(NONE), 0, 0, .rows = "no-lines uart-pins-unknown other-interface readout-level-2" },

        /* Steps by hand. */
        { SEEN(SILENCE), 0x415, BOTH | SHORT_SEQUENCE,
          .rows = "sequence-wait sequence boot0-or-reset nswboot0-bit" },
        { SEEN(SILENCE), 0x415, BOTH | LONG_SEQUENCE,
          .rows = "sequence boot0-or-reset nswboot0-bit uart-pins" },
        { SEEN(SILENCE), 0, BOTH | SHORT_SEQUENCE,
          .rows = "sequence boot0-or-reset uart-pins-unknown reset-polarity" },

        /* What came back. */
        { SEEN(ECHO), F405, BOTH, .rows = "echo echo-application trace" },
        { SEEN(ECHO), F405, BOTH | VIRTUAL, .rows = "echo echo-application trace" },
        { SEEN(ECHO_ANSWERED), F405, BOTH, .rows = "echo-answered trace" },
        { SEEN(ECHO_ANSWERED), F405, VIRTUAL, .rows = "echo-answered trace" },
        { SEEN(ZEROS), 0, BOTH, .rows = "line-low uart-pins-unknown reset-polarity trace" },
        { SEEN(GARBAGE), F746, BOTH, .rows = "baud-jitter parity-lost boot0-or-reset boot-add-f7" },
        { SEEN(GARBAGE), F746, BOTH, .baud = 57600,
          .rows = "parity-lost boot0-or-reset boot-add-f7 application-baud" },
        { SEEN(GARBAGE), 0x422, BOTH, .rows = "baud-8mhz parity-lost boot0-or-reset nboot1-bit" },
        { SEEN(GARBAGE), 0x435, BOTH, .baud = 921600,
          .rows = "baud-jitter baud-untested parity-lost boot0-or-reset" },
        { SEEN(GARBAGE), 0x482, BOTH, .baud = 921600,
          .rows = "baud-untested parity-lost boot0-or-reset nsbootadd" },
        { SEEN(SILENCE), 0x482, BOTH, .baud = 921600,
          .rows = "baud-untested boot0-or-reset nsbootadd uart-pins" },
        { SEEN(GARBAGE), 0, BOTH, .rows = "parity-lost boot0-or-reset application-baud trace" },
        { SEEN(GARBAGE), 0, BOTH | VIRTUAL, .rows = "boot0-or-reset application-baud trace" },
        { SEEN(ACKED_SILENT), F746, BOTH, .rows = "baud-jitter parity-lost trace" },
        { SEEN(ACKED_SILENT), 0x482, BOTH, .rows = "parity-lost trace" },
        { SEEN(ACKED_NACK), 0x482, BOTH, .rows = "parity-lost trace" },
        { SEEN(NACK_ONLY), 0x482, BOTH, .rows = "parity-lost still-in-rom trace" },
        { SEEN(NACK_ONLY), 0x482, BOTH | VIRTUAL, .rows = "still-in-rom trace" },
        { SEEN(ACKED_SILENT), 0x495, BOTH | VIRTUAL, .rows = "wb-uart-error trace" },

        /* Pins that must not be what they are; the general causes come first. */
        { SEEN(SILENCE), 0x418, 0, .rows = "no-lines pa9-high uart-pins other-interface" },
        { SEEN(SILENCE), G031, 0, .rows = "no-lines pa3-low uart-pins after-debugger" },
        { SEEN(SILENCE), H743, 0, .rows = "no-lines pb15-low uart-pins other-interface" },
        { SEEN(SILENCE), G071, 0, .rows = "no-lines empty-flag-cleared pc11-low uart-pins" },
        { SEEN(SILENCE), 0x456, 0, .rows = "no-lines uart-pins after-debugger other-interface" },
        { SEEN(SILENCE), F405, BOTH | BOOT1,
          .rows = "boot0-or-reset boot1-polarity uart-pins reset-polarity" },
        /* A rehearsal: the wires of a virtual chip may be crossed, too. */
        { SEEN(SILENCE), 0, VIRTUAL,
          .rows = "no-lines uart-pins-unknown other-interface readout-level-2" },
        { SEEN(SILENCE), F405, BOTH | VIRTUAL,
          .rows = "boot0-or-reset boot1 uart-pins reset-polarity" },

        /* Refusals. */
        { SESSION_NACK, .chip = F405, .command = AN3155_READ, .rows = "readout-nack trace" },
        { SESSION_NACK, .chip = F405, .command = AN3155_EXTENDED_ERASE,
          .rows = "readout-nack trace" },
        { SESSION_NACK, .chip = H563, .command = AN3155_WRITE, .rows = "product-state trace" },
        { SESSION_NACK, .chip = F405, .command = AN3155_READOUT_UNPROTECT,
          .rows = "unprotect-refused trace" },
        { SESSION_NACK, .chip = 0x449, .command = AN3155_READOUT_UNPROTECT,
          .rows = "unprotect-refused level-2 trace" },
        { SESSION_NACK, .chip = 0x449, .command = AN3155_READOUT_UNPROTECT, .stage = 1,
          .rows = "unprotect-refused trace" },
        { SESSION_NACK, .chip = L152, .command = AN3155_EXTENDED_ERASE, .stage = 1,
          .rows = "erase-refused trace" },
        { SESSION_NACK, .chip = H743, .command = AN3155_EXTENDED_ERASE, .stage = 1,
          .rows = "erase-refused trace" },
        { SESSION_NACK, .chip = F103, .command = AN3155_ERASE, .stage = 1,
          .rows = "erase-refused trace" },
        { SESSION_NACK, .chip = F103, .command = AN3155_WRITE, .stage = 1,
          .rows = "address-refused trace" },
        { SESSION_NACK, .chip = F103, .command = AN3155_WRITE, .stage = 2,
          .rows = "packet-refused trace" },
        { SESSION_NACK, .chip = F103, .command = AN3155_READ, .stage = 2,
          .rows = "length-refused trace" },
        { SESSION_NACK, .chip = F103, .command = AN3155_GET_ID, .rows = "trace" },
        { SESSION_PROTECTED, .chip = F405, .command = AN3155_READ,
          .rows = "readout-protected trace" },
        { SESSION_PROTECTED, .rows = "readout-protected trace" },
        { SESSION_PROTECTED, .chip = H563, .rows = "product-state trace" },
        { SESSION_WRITE_PROTECTED, .chip = F405, .rows = "page-protected" },

        /* Silence and damage in mid-job. */
        { SESSION_SILENCE, .chip = F405, .command = AN3155_READ, .stage = 1,
          .rows = "silent-address supply other-program trace" },
        { SESSION_SILENCE, .chip = F405, .command = AN3155_EXTENDED_ERASE, .stage = 1,
          .rows = "erase-silent supply other-program trace" },
        { SESSION_SILENCE, .chip = 0x482, .command = AN3155_WRITE, .stage = 2,
          .rows = "supply other-program trace" },
        { SESSION_SILENCE, .chip = 0x482, .command = AN3155_READ, .stage = 2,
          .rows = "unreadable supply other-program trace" },
        { SESSION_SILENCE, .chip = 0x482, .baud = 921600,
          .rows = "lower-baud supply other-program trace" },
        { SESSION_GARBAGE, .chip = F746, .rows = "baud-jitter supply other-program noise" },
        { SESSION_GARBAGE, .chip = F103, .baud = 57600,
          .rows = "supply other-program noise trace" },
        { SESSION_SILENCE, .chip = 0x482, .command = AN3155_GO, .stage = 1, .start_unknown = true,
          .rows = "start-unknown other-program trace" },
        /* Nobody is told to do what was done. */
        { SESSION_GARBAGE, .chip = F746, .lowest_baud = 57600,
          .rows = "supply other-program noise trace" },
        { SEEN(GARBAGE), F746, BOTH, .lowest_baud = 57600,
          .rows = "parity-lost boot0-or-reset boot-add-f7 application-baud" },
        { SEEN(GARBAGE), F746, BOTH, .lowest_baud = 115200,
          .rows = "baud-jitter parity-lost boot0-or-reset boot-add-f7" },
        { SEEN(GARBAGE), 0x422, BOTH, .lowest_baud = 57600,
          .rows = "parity-lost boot0-or-reset nboot1-bit application-baud" },
        { SEEN(GARBAGE), 0x482, BOTH, 921600, .lowest_baud = 115200,
          .rows = "parity-lost boot0-or-reset nsbootadd application-baud" },
        /* What the attempts saw counts only for entry itself. */
        { SESSION_SILENCE, ADVICE_SYMPTOM_TEXT, .chip = F103,
          .rows = "supply other-program trace" },

        /* Chips. */
        { SESSION_WRONG_CHIP, .chip = F405, .reported = G071, .rows = "other-chip" },
        { SESSION_WRONG_CHIP, .chip = F405, .reported = 0x999, .rows = "unknown-other-chip" },
        { SESSION_UNKNOWN_CHIP, .reported = 0x999, .rows = "layout" },
        { SESSION_UNFLASHABLE, .chip = 0x44F, .reason = "no layout is published", .nowhere = true,
          .rows = "unflashable" },
        { SESSION_UNFLASHABLE, .nowhere = true, .rows = "unflashable-other" },
        { SESSION_UNFLASHABLE, .chip = 0x454, .reason = "its pages depend on an option",
          .rows = "layout-unknown" },

        /* Images. */
        { SESSION_DOES_NOT_FIT, .plan = PLAN_OUTSIDE_FLASH, .rows = "outside-flash" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_TOO_LARGE, .rows = "too-large" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_NOT_THERE, .rows = "not-there" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_OPTION_BYTES, .rows = "option-segments" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_EMPTY, .rows = "nothing-in-flash" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_OVERLAP, .rows = "overlap" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_CANNOT_START, .rows = "cannot-start" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_RANGE_OUTSIDE, .phase = SESSION_PHASE_ERASE,
          .rows = "range-outside" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_RANGE_OUTSIDE, .phase = SESSION_PHASE_READ,
          .rows = "reads-outside" },

        /* Things to be said out loud. */
        { SESSION_BOOT_PIN, .chip = G071, .rows = "enable-boot-pin one-piece" },
        { SESSION_PERMANENT, .reason = "RDP level 2", .rows = "permanent" },
        { SESSION_PERMANENT, .rows = "permanent-other" },
        { SESSION_UNSUPPORTED, .reason = "Write Protect", .nowhere = true, .rows = "unsupported" },
        { SESSION_UNSUPPORTED, .reason = "nothing", .rows = "nothing-to-start" },
        { SESSION_UNSUPPORTED, .n_sectors = 12, .nowhere = true, .rows = "no-such-sector" },

        /* What stands in flash. */
        { SESSION_NOT_BLANK, .chip = F405, .found = 0x00,
          .rows = "write-protected supply-or-wear trace" },
        { SESSION_NOT_BLANK, .chip = 0x478, .twin = 0x08040400, .rows = "banks-swapped trace" },
        { SESSION_NOT_BLANK, .chip = 0x478, .rows = "protected-or-swapped supply-or-wear trace" },
        { SESSION_VERIFY_MISMATCH, .chip = F405, .found = 0xFF,
          .rows = "low-voltage not-programmed supply-or-wear trace" },
        { SESSION_VERIFY_MISMATCH, .chip = H743, .found = 0xFF,
          .rows = "early-erase-ack not-programmed supply-or-wear trace" },
        { SESSION_VERIFY_MISMATCH, .chip = 0x483, .found = 0xFF,
          .rows = "stale-until-reset trace" },
        { SESSION_VERIFY_MISMATCH, .chip = 0x483, .wiring = BOTH, .found = 0xFF,
          .rows = "not-programmed supply-or-wear trace" },
        { SESSION_VERIFY_MISMATCH, .chip = F103, .found = 0xFF,
          .rows = "not-programmed supply-or-wear trace" },
        { SESSION_VERIFY_MISMATCH, .chip = F103, .found = 0x00,
          .rows = "old-content supply-or-wear trace" },
        { SESSION_VERIFY_MISMATCH, .chip = L152, .found = 0x00,
          .rows = "not-programmed supply-or-wear trace" },
        { SESSION_VERIFY_MISMATCH, .found = 0xFF, .rows = "not-programmed supply-or-wear trace" },
        { SESSION_DIFFERS, .rows = "differs" },
        { SESSION_DIFFERS, .configured_image = true, .rows = "differs-from-file" },

        /* The gateway. */
        { SESSION_LINES, .system = -EBUSY, .rows = "line-in-use" },
        { SESSION_LINES, .system = -EACCES, .rows = "line-not-allowed" },
        { SESSION_LINES, .system = -ENOENT, .rows = "line-not-there" },
        { SESSION_LINES, .system = -EIO, .rows = "lines" },
        { SESSION_FORMAT, .system = -EPROTONOSUPPORT, .rows = "mini-uart" },
        { SESSION_FORMAT, .system = -ERANGE, .rows = "port-baud" },
        { SESSION_FORMAT, .wiring = VIRTUAL, .rows = "port-baud" },
        { SESSION_LINK_LOST, .system = -EIO, .rows = "link trace" },
        { SESSION_LINK_LOST, .wiring = VIRTUAL, .rows = "link-virtual trace" },
        { SESSION_CANCELLED, .outcome = SESSION_NOT_BOOTABLE, .rows = "flash-again" },
        { SESSION_CANCELLED, .outcome = SESSION_NOT_BOOTABLE, .remains = { .boot_stands = true },
          .rows = "flash-again-behind" },
        { SESSION_CANCELLED, .outcome = SESSION_NOT_BOOTABLE, .remains = { .boot_uncertain = true },
          .rows = "flash-again-behind" },
        { SESSION_CANCELLED, .rows = "cancelled" },
        { SESSION_CANCELLED, .options = SESSION_OPTIONS_UNTOUCHED, .rows = "cancelled" },
        { SESSION_CANCELLED, .options = SESSION_OPTIONS_PARTLY, .rows = "cancelled-options" },
};

static void join(char *ret, size_t size, const struct advice_cause *const *causes, size_t n) {
        size_t at = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < n && at < size; i++)
                at += (size_t)snprintf(ret + at, size - at, "%s%s", i > 0 ? " " : "",
                                       causes[i]->name);
}

static void each_failure_gets_its_causes_and_no_others(void **state) {
        bool failed = false;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct advice_cause *causes[ADVICE_MAX];
                struct scene scene;
                char names[256];

                scene_init(&scene, &cases[i]);
                size_t n = advice_find_causes(&scene.failure, &scene.context, causes);
                join(names, sizeof(names), causes, n);
                if (strcmp(names, cases[i].rows) == 0)
                        continue;
                print_error("case %zu: expected %s, got %s\n", i, cases[i].rows, names);
                failed = true;
        }
        assert_false(failed);
}

static void mark(const struct advice_cause *table, size_t size, bool *reached,
                 const struct advice_cause *cause) {
        if (cause >= table && cause < table + size)
                reached[cause - table] = true;
}

static bool all_reached(const struct advice_cause *table, size_t size, const bool *reached) {
        bool all = true;

        for (size_t i = 0; i < size; i++)
                if (!reached[i]) {
                        print_error("never given: %s\n", table[i].name);
                        all = false;
                }
        return all;
}

static void every_cause_is_reached(void **state) {
        bool entry[128] = { false }, rom[128] = { false }, job[128] = { false };

        (void)state;
        assert_true(advice_entry_causes_size <= ARRAY_SIZE(entry));
        assert_true(advice_rom_causes_size <= ARRAY_SIZE(rom));
        assert_true(advice_job_causes_size <= ARRAY_SIZE(job));
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct advice_cause *causes[ADVICE_MAX];
                struct scene scene;

                scene_init(&scene, &cases[i]);
                size_t n = advice_find_causes(&scene.failure, &scene.context, causes);
                for (size_t k = 0; k < n; k++) {
                        mark(advice_entry_causes, advice_entry_causes_size, entry, causes[k]);
                        mark(advice_rom_causes, advice_rom_causes_size, rom, causes[k]);
                        mark(advice_job_causes, advice_job_causes_size, job, causes[k]);
                }
        }
        bool all = all_reached(advice_entry_causes, advice_entry_causes_size, entry);
        all &= all_reached(advice_rom_causes, advice_rom_causes_size, rom);
        all &= all_reached(advice_job_causes, advice_job_causes_size, job);
        assert_true(all);
}

/* ---- everything that can be combined ---- */

static void assert_advice_sound(const struct scene *scene) {
        struct advice advice[ADVICE_MAX];

        memset(advice, '#', sizeof(advice));
        size_t n = advice_find(&scene->failure, &scene->context, advice);
        assert_in_range(n, 1, ADVICE_MAX);
        for (size_t i = 0; i < n; i++) {
                size_t length = strnlen(advice[i].text, sizeof(advice[i].text));

                /* Nothing was cut off, and no {name} is left. */
                assert_in_range(length, 20, sizeof(advice[i].text) - 2);
                assert_true(strchr(".`", advice[i].text[length - 1]) != NULL);
                assert_null(strpbrk(advice[i].text, "{}"));
        }

        char *text = failure_to_text("motor", &scene->failure, &scene->context);
        assert_non_null(text);
        assert_int_equal(strncmp(text, "motor: ", 7), 0);
        size_t lines = 1;
        for (const char *p = text; *p; p++) {
                assert_true(*p == '\n' || (*p >= ' ' && *p < 0x7F));
                lines += *p == '\n';
        }
        assert_int_equal(lines, n + 2);
        free(text);
}

static void every_failure_of_every_chip_has_advice(void **state) {
        static const unsigned wirings[] = {
                0, RESET, BOOT0, BOTH, BOTH | BOOT1, BOTH | SHORT_SEQUENCE, BOTH | VIRTUAL
        };

        (void)state;
        for (size_t c = 0; c <= chip_table_size; c++)
                for (int error = SESSION_NO_ENTRY; error <= SESSION_CANCELLED; error++)
                        for (size_t w = 0; w < ARRAY_SIZE(wirings); w++) {
                                int last =
                                        error == SESSION_NO_ENTRY ? ADVICE_SYMPTOM_ACKED_NACK : 0;

                                for (int s = 0; s <= last; s++) {
                                        struct given given = {
                                                .error = (enum session_error)error,
                                                .symptom = (enum advice_symptom)s,
                                                .chip = c < chip_table_size ? chip_table[c].id : 0,
                                                .wiring = wirings[w],
                                                .baud = w % 2 ? 921600 : 57600,
                                                .plan = PLAN_OUTSIDE_FLASH,
                                                .command = AN3155_READ,
                                                .stage = (unsigned)(w % 3),
                                                .outcome = (enum session_outcome)(w % 3),
                                        };
                                        struct scene scene;

                                        scene_init(&scene, &given);
                                        assert_advice_sound(&scene);
                                }
                        }
}

static void a_target_without_entry_settings_gets_advice(void **state) {
        struct scene scene;

        (void)state;
        scene_init(&scene, &(struct given){ SEEN(SILENCE), 0, 0 });
        scene.context.entry = NULL;
        assert_advice_sound(&scene);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_failure_gets_its_causes_and_no_others),
                cmocka_unit_test(every_cause_is_reached),
                cmocka_unit_test(every_failure_of_every_chip_has_advice),
                cmocka_unit_test(a_target_without_entry_settings_gets_advice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
