/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advice-fixture.h"
#include "boot/command.h"
#include "util/macro.h"

static const struct given cases[] = {
        /* Every boot pattern, both lines wired, nothing came back. */
        { SEEN(SILENCE), 0x410, BOTH, .first = "boot0-or-reset" }, /* 1 */
        { SEEN(SILENCE), 0x440, BOTH, .first = "boot0-or-reset" }, /* 2 */
        { SEEN(SILENCE), 0x430, BOTH, .first = "boot0-or-reset" }, /* 3 */
        { SEEN(SILENCE), 0x436, BOTH, .first = "boot0-or-reset" }, /* 4 */
        { SEEN(SILENCE), 0x419, BOTH, .first = "boot0-or-reset" }, /* 5 */
        { SEEN(SILENCE), 0x457, BOTH, .first = "boot0-or-reset" }, /* 6 */
        { SEEN(SILENCE), 0x415, BOTH, .first = "boot0-or-reset" }, /* 7 */
        { SEEN(SILENCE), 0x449, BOTH, .first = "boot0-or-reset" }, /* 8 */
        { SEEN(SILENCE), 0x451, BOTH, .first = "boot0-or-reset" }, /* 9 */
        { SEEN(SILENCE), 0x450, BOTH, .first = "boot0-or-reset" }, /* 10 */
        { SEEN(SILENCE), 0x460, BOTH, .first = "boot0-ignored" },  /* 11, G0 */
        { SEEN(SILENCE), 0x443, BOTH, .first = "boot0-ignored" },  /* 11, C0 */
        { SEEN(SILENCE), 0x489, BOTH, .first = "boot0-ignored" },  /* 11, U0 */
        { SEEN(SILENCE), 0x482, BOTH, .first = "boot0-or-reset" }, /* 12 */
        { SEEN(SILENCE), 0x497, BOTH, .first = "boot0-or-reset" }, /* 13 */
        { SEEN(SILENCE), 0x469, BOTH, .first = "boot0-or-reset" }, /* 14 */
        { SEEN(SILENCE), 0x468, BOTH, .first = "boot0-or-reset" }, /* 15 */
        { SEEN(SILENCE), 0x435, BOTH, .first = "boot0-or-reset" }, /* 16 */
        { SEEN(SILENCE), 0x484, BOTH, .first = "product-state" },  /* 17 */
        { SEEN(SILENCE), 0x03B, BOTH, .first = "pa10-high" },      /* 18 */
        { SEEN(SILENCE), 0x44E, BOTH, .first = "boot0-or-reset" }, /* 19 */
        { SEEN(SILENCE), 0, BOTH, .first = "boot0-or-reset" },

        /* Whatever came: somebody else may have the rest of it. */
        { SEEN(SILENCE), F405, BOTH, .shared = true, .first = "port-shared" },
        { SEEN(TEXT), G071, BOTH, .shared = true, .first = "port-shared" },
        { SEEN(GARBAGE), 0, 0, .shared = true, .first = "port-shared" },
        { SESSION_SILENCE, .chip = F405, .shared = true, .first = "port-shared" },

        /* The same with an application that talks. */
        { SEEN(TEXT), 0x410, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x440, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x430, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x436, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x419, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x457, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x415, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x449, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x451, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x450, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x460, BOTH, .first = "boot0-ignored" },
        { SEEN(TEXT), 0x489, BOTH, .first = "boot0-ignored" },
        { SEEN(TEXT), 0x482, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x497, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x469, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x468, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x435, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0x484, BOTH, .first = "product-state" },
        { SEEN(TEXT), 0x03B, BOTH, .first = "pa10-high" },
        { SEEN(TEXT), 0x44E, BOTH, .first = "boot0-or-reset" },
        { SEEN(TEXT), 0, BOTH, .first = "boot0-or-reset" },

        /* BOOT0 is not wired. */
        { SEEN(SILENCE), 0x410, RESET, .first = "no-boot0" },
        { SEEN(SILENCE), 0x430, RESET, .first = "no-boot0-dual-boot" },
        { SEEN(SILENCE), 0x419, RESET, .first = "no-boot0-dual-boot" },
        { SEEN(SILENCE), 0x457, RESET, .first = "no-boot0-empty-check" },
        { SEEN(SILENCE), G071, RESET, .first = "no-boot0-empty-check" },
        { SEEN(SILENCE), 0x44E, RESET, .first = "no-boot0-empty-check" },
        { SEEN(SILENCE), WB05, RESET, .first = "no-boot0-pa10" },
        { SEEN(TEXT), F405, RESET | VIRTUAL, .first = "no-boot0" },
        { SEEN(SILENCE), 0, RESET, .first = "no-boot0" },

        /* NRST is not, or nothing is. */
        { SEEN(SILENCE), F405, BOOT0, .first = "no-reset" },
        { SEEN(TEXT), G071, BOOT0, .first = "no-reset" },
        { SEEN(SILENCE), F405, 0, .first = "no-lines" },
        { SEEN(TEXT), F405, 0, .first = "no-lines" },
        { SEEN(TEXT), H563, 0, .first = "no-lines" },
        { SEEN(NACK_ONLY), F405, 0, .first = "out-of-step-no-reset" },
        { SEEN(ACKED_NACK), F405, BOOT0, .first = "out-of-step-no-reset" },
        { SEEN(NONE), 0, 0, .first = "no-lines" },

        /* Steps by hand. */
        { SEEN(SILENCE), 0x415, BOTH | SHORT_SEQUENCE, .first = "sequence-wait" },
        { SEEN(SILENCE), 0x415, BOTH | LONG_SEQUENCE, .first = "sequence" },
        { SEEN(SILENCE), 0, BOTH | SHORT_SEQUENCE, .first = "sequence" },

        /* What came back. */
        { SEEN(ECHO), F405, BOTH, .first = "echo" },
        { SEEN(ECHO), F405, BOTH | VIRTUAL, .first = "echo-application" },
        { SEEN(ZEROS), 0, BOTH, .first = "line-low" },
        { SEEN(GARBAGE), F746, BOTH, .first = "baud-jitter" },
        { SEEN(GARBAGE), F746, BOTH, .baud = 57600, .first = "parity-lost" },
        { SEEN(GARBAGE), 0x422, BOTH, .first = "baud-8mhz" },
        { SEEN(GARBAGE), 0x435, BOTH, .baud = 921600, .first = "baud-jitter" },
        { SEEN(GARBAGE), 0x482, BOTH, .baud = 921600, .first = "baud-untested" },
        { SEEN(SILENCE), 0x482, BOTH, .baud = 921600, .first = "baud-untested" },
        { SEEN(GARBAGE), 0, BOTH, .first = "parity-lost" },
        { SEEN(GARBAGE), 0, BOTH | VIRTUAL, .first = "boot0-or-reset" },
        { SEEN(ACKED_SILENT), F746, BOTH, .first = "baud-jitter" },
        { SEEN(ACKED_SILENT), 0x482, BOTH, .first = "parity-lost" },
        { SEEN(ACKED_NACK), 0x482, BOTH, .first = "parity-lost" },
        { SEEN(NACK_ONLY), 0x482, BOTH, .first = "parity-lost" },
        { SEEN(NACK_ONLY), 0x482, BOTH | VIRTUAL, .first = "still-in-rom" },
        { SEEN(ACKED_SILENT), 0x495, BOTH | VIRTUAL, .first = "wb-uart-error" },

        /* Pins that must not be what they are; the general causes come first. */
        { SEEN(SILENCE), 0x418, 0, .first = "no-lines" },
        { SEEN(SILENCE), G031, 0, .first = "no-lines" },
        { SEEN(SILENCE), H743, 0, .first = "no-lines" },
        { SEEN(SILENCE), G071, 0, .first = "no-lines" },
        { SEEN(SILENCE), 0x456, 0, .first = "no-lines" },
        { SEEN(SILENCE), F405, BOTH | BOOT1, .first = "boot0-or-reset" },
        { SEEN(SILENCE), 0, VIRTUAL, .first = "no-lines" },

        /* Refusals. */
        { SESSION_NACK, .chip = F405, .command = AN3155_READ, .first = "readout-nack" },
        { SESSION_NACK, .chip = F405, .command = AN3155_EXTENDED_ERASE, .first = "readout-nack" },
        { SESSION_NACK, .chip = H563, .command = AN3155_WRITE, .first = "product-state" },
        { SESSION_NACK, .chip = F405, .command = AN3155_READOUT_UNPROTECT, .first = "level-2" },
        { SESSION_NACK, .chip = L152, .command = AN3155_EXTENDED_ERASE, .stage = 1,
          .first = "no-mass-erase" },
        { SESSION_NACK, .chip = H743, .command = AN3155_EXTENDED_ERASE, .stage = 1,
          .first = "no-bank-erase" },
        { SESSION_NACK, .chip = F103, .command = AN3155_ERASE, .stage = 1,
          .first = "erase-refused" },
        { SESSION_NACK, .chip = F103, .command = AN3155_WRITE, .stage = 1,
          .first = "address-refused" },
        { SESSION_NACK, .chip = F103, .command = AN3155_WRITE, .stage = 2,
          .first = "packet-refused" },
        { SESSION_NACK, .chip = F103, .command = AN3155_GET_ID, .first = "trace" },
        { SESSION_PROTECTED, .chip = F405, .command = AN3155_READ, .first = "readout-protected" },
        { SESSION_PROTECTED, .first = "readout-protected" },
        { SESSION_PROTECTED, .chip = H563, .first = "product-state" },

        /* Silence and damage in mid-job. */
        { SESSION_SILENCE, .chip = F405, .command = AN3155_READ, .stage = 1,
          .first = "silent-address" },
        { SESSION_SILENCE, .chip = F405, .command = AN3155_EXTENDED_ERASE, .stage = 1,
          .first = "erase-silent" },
        { SESSION_SILENCE, .chip = 0x482, .command = AN3155_WRITE, .stage = 2, .first = "supply" },
        { SESSION_SILENCE, .chip = 0x482, .command = AN3155_READ, .stage = 2,
          .first = "unreadable" },
        { SESSION_SILENCE, .chip = 0x482, .baud = 921600, .first = "lower-baud" },
        { SESSION_GARBAGE, .chip = F746, .first = "baud-jitter" },
        { SESSION_GARBAGE, .chip = F103, .baud = 57600, .first = "supply" },
        { SESSION_SILENCE, .chip = 0x482, .command = AN3155_GO, .stage = 1, .start_unknown = true,
          .first = "start-unknown" },
        /* Nobody is told to do what was done. */
        { SESSION_GARBAGE, .chip = F746, .lowest_baud = 57600, .first = "supply" },
        { SEEN(GARBAGE), F746, BOTH, .lowest_baud = 57600, .first = "parity-lost" },
        { SEEN(GARBAGE), F746, BOTH, .lowest_baud = 115200, .first = "baud-jitter" },
        { SEEN(GARBAGE), 0x422, BOTH, .lowest_baud = 57600, .first = "parity-lost" },
        { SEEN(GARBAGE), 0x482, BOTH, 921600, .lowest_baud = 115200, .first = "parity-lost" },
        /* What the attempts saw counts only for entry itself. */
        { SESSION_SILENCE, ADVICE_SYMPTOM_TEXT, .chip = F103, .first = "supply" },

        /* Chips. */
        { SESSION_WRONG_CHIP, .chip = F405, .reported = G071, .first = "other-chip" },
        { SESSION_WRONG_CHIP, .chip = F405, .reported = 0x999, .first = "unknown-other-chip" },
        { SESSION_UNKNOWN_CHIP, .reported = 0x999, .first = "layout" },
        { SESSION_UNFLASHABLE, .chip = 0x44F, .reason = "no layout is published", .nowhere = true,
          .first = "unflashable" },
        { SESSION_UNFLASHABLE, .nowhere = true, .first = "unflashable-other" },
        { SESSION_UNFLASHABLE, .chip = 0x454, .reason = "its pages depend on an option",
          .first = "layout-unknown" },

        /* Images. */
        { SESSION_DOES_NOT_FIT, .plan = PLAN_OUTSIDE_FLASH, .first = "outside-flash" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_TOO_LARGE, .first = "too-large" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_OPTION_BYTES, .first = "option-segments" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_EMPTY, .first = "nothing-in-flash" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_OVERLAP, .first = "overlap" },
        { SESSION_DOES_NOT_FIT, .plan = PLAN_RANGE_OUTSIDE, .first = "range-outside" },

        /* Things to be said out loud. */
        { SESSION_BOOT_PIN, .chip = G071, .first = "enable-boot-pin" },
        { SESSION_PERMANENT, .reason = "RDP level 2", .first = "permanent" },
        { SESSION_PERMANENT, .first = "permanent-other" },
        { SESSION_UNSUPPORTED, .reason = "Write Protect", .first = "unsupported" },

        /* What stands in flash. */
        { SESSION_NOT_BLANK, .chip = F405, .found = 0x00, .first = "write-protected" },
        { SESSION_NOT_BLANK, .chip = 0x478, .twin = 0x08040400, .first = "banks-swapped" },
        { SESSION_NOT_BLANK, .chip = 0x478, .first = "protected-or-swapped" },
        { SESSION_VERIFY_MISMATCH, .chip = F405, .found = 0xFF, .first = "low-voltage" },
        { SESSION_VERIFY_MISMATCH, .chip = H743, .found = 0xFF, .first = "early-erase-ack" },
        { SESSION_VERIFY_MISMATCH, .chip = F103, .found = 0xFF, .first = "not-programmed" },
        { SESSION_VERIFY_MISMATCH, .chip = F103, .found = 0x00, .first = "old-content" },
        { SESSION_VERIFY_MISMATCH, .chip = L152, .found = 0x00, .first = "not-programmed" },
        { SESSION_VERIFY_MISMATCH, .found = 0xFF, .first = "not-programmed" },
        { SESSION_DIFFERS, .first = "differs" },
        { SESSION_DIFFERS, .configured_image = true, .first = "differs-from-file" },

        /* The gateway. */
        { SESSION_LINES, .system = -EBUSY, .first = "line-in-use" },
        { SESSION_LINES, .system = -EACCES, .first = "line-not-allowed" },
        { SESSION_LINES, .system = -ENOENT, .first = "line-not-there" },
        { SESSION_LINES, .system = -EIO, .first = "lines" },
        { SESSION_FORMAT, .system = -EPROTONOSUPPORT, .first = "mini-uart" },
        { SESSION_FORMAT, .system = -ERANGE, .first = "port-baud" },
        { SESSION_FORMAT, .wiring = VIRTUAL, .first = "port-baud" },
        { SESSION_LINK_LOST, .system = -EIO, .first = "link" },
        { SESSION_LINK_LOST, .wiring = VIRTUAL, .first = "link-virtual" },
        { SESSION_CANCELLED, .outcome = SESSION_NOT_BOOTABLE, .first = "flash-again" },
        { SESSION_CANCELLED, .first = "cancelled" },
};

static void the_likeliest_cause_comes_first(void **state) {
        bool failed = false;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct advice_cause *causes[ADVICE_MAX];
                struct scene scene;

                scene_init(&scene, &cases[i]);
                size_t n = advice_find_causes(&scene.failure, &scene.context, causes);
                if (n > 0 && strcmp(causes[0]->name, cases[i].first) == 0)
                        continue;
                print_error("case %zu: expected %s, got %s\n", i, cases[i].first,
                            n > 0 ? causes[0]->name : "none");
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
        bool entry[128] = { false }, job[128] = { false };

        (void)state;
        assert_true(advice_entry_causes_size <= ARRAY_SIZE(entry));
        assert_true(advice_job_causes_size <= ARRAY_SIZE(job));
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct advice_cause *causes[ADVICE_MAX];
                struct scene scene;

                scene_init(&scene, &cases[i]);
                size_t n = advice_find_causes(&scene.failure, &scene.context, causes);
                for (size_t k = 0; k < n; k++) {
                        mark(advice_entry_causes, advice_entry_causes_size, entry, causes[k]);
                        mark(advice_job_causes, advice_job_causes_size, job, causes[k]);
                }
        }
        bool all = all_reached(advice_entry_causes, advice_entry_causes_size, entry);
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

static void a_chip_that_is_known_is_not_called_unknown(void **state) {
        const struct advice_cause *causes[ADVICE_MAX];
        struct scene scene;

        (void)state;
        scene_init(&scene, &(struct given){ SESSION_WRONG_CHIP, .chip = F405, .reported = G071 });
        size_t n = advice_find_causes(&scene.failure, &scene.context, causes);
        for (size_t i = 0; i < n; i++)
                assert_string_not_equal(causes[i]->name, "unknown-other-chip");
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
                cmocka_unit_test(the_likeliest_cause_comes_first),
                cmocka_unit_test(every_cause_is_reached),
                cmocka_unit_test(every_failure_of_every_chip_has_advice),
                cmocka_unit_test(a_chip_that_is_known_is_not_called_unknown),
                cmocka_unit_test(a_target_without_entry_settings_gets_advice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
