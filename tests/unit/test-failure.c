/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The text of a failure: what was done, what came of it, and what the chip holds now. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advice-fixture.h"
#include "boot/command.h"
#include "boot/failure.h"
#include "util/macro.h"

static char *text_of(const struct given *given) {
        struct scene scene;

        scene_init(&scene, given);
        char *text = failure_to_text("motor", &scene.failure, &scene.context);
        assert_non_null(text);
        return text;
}

static void assert_contains(const char *text, const char *part) {
        if (!strstr(text, part))
                fail_msg("\"%s\" lacks \"%s\"", text, part);
}

static void what_came_back_is_told(void **state) {
        static const struct {
                enum advice_symptom symptom;
                const char *received;
                const char *told;
        } entries[] = {
                { ADVICE_SYMPTOM_SILENCE, "",
                  "motor: no answer from the ROM bootloader "
                  "(STM32F405/407/415/417, 115200 8E1): sent 0x7F 4 times, nothing came back.\n" },
                { ADVICE_SYMPTOM_ECHO, "\x7F",
                  "motor: no entry into the ROM bootloader (STM32F405/407/415/417, 115200 8E1): sent 0x7F "
                  "4 times, and it came back itself: 7F.\n" },
                { ADVICE_SYMPTOM_ECHO_ANSWERED, "\x7Fy",
                  "and it came back itself, the ROM's answer behind it: 7F 79.\n" },
                { ADVICE_SYMPTOM_GARBAGE, "\xFE\x80\x01", "no answer: FE 80 01.\n" },
                { ADVICE_SYMPTOM_TEXT, "boot v1\r\n\x1B[0m",
                  "an application answered: \"boot v1...[0m\".\n" },
                { ADVICE_SYMPTOM_NACK_ONLY, "\x1F", "only refusals (NACK) came back: 1F.\n" },
                { ADVICE_SYMPTOM_ACKED_SILENT, "y", "the first command was not: 79.\n" },
                { ADVICE_SYMPTOM_ACKED_NACK, "y\x1F", "every command was refused: 79 1F.\n" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
                struct scene scene;

                scene_init(&scene,
                           &(struct given){ SESSION_NO_ENTRY, entries[i].symptom, F405, BOTH });
                scene.failure.entry.attempts = 4;
                scene.failure.entry.n_received = strlen(entries[i].received);
                memcpy(scene.failure.entry.received, entries[i].received,
                       scene.failure.entry.n_received);
                char *text = failure_to_text("motor", &scene.failure, &scene.context);
                assert_non_null(text);
                assert_contains(text, entries[i].told);
                assert_contains(text, "\nWhat the flash holds is untouched.\nTry: ");
                free(text);
        }
}

static void what_is_left_of_the_flash_is_told(void **state) {
        static const struct {
                struct session_remains remains;
                const char *told;
        } cases[] = {
                { { .boot_address = 0x08000000, .has_image = true, .image_address = 0x08000000 },
                  "\nThe MCU holds no bootable firmware now; flash it again.\n" },
                { { .boot_stands = true,
                    .boot_address = 0x08000000,
                    .has_image = true,
                    .image_address = 0x08008000 },
                  "\nThe image at 0x08008000 is incomplete; what the MCU boots from, at 0x08000000, "
                  "was not touched and decides whether it is started. Flash it again.\n" },
                { { .boot_stands = true,
                    .boot_uncertain = true,
                    .boot_address = 0x08000000,
                    .has_image = true,
                    .image_address = 0x08008000 },
                  "\nThe image at 0x08008000 is incomplete; what the MCU boots from, as far as is "
                  "known, at 0x08000000, was not touched and decides whether it is started. Flash "
                  "it again.\n" },
                { { .boot_uncertain = true, .has_image = true, .image_address = 0x08000000 },
                  "\nThe image at 0x08000000 is incomplete; the MCU does not start, unless it boots "
                  "from elsewhere, which is not certain. Flash it again.\n" },
                { { .boot_stands = true, .boot_address = 0x08000000 },
                  "\nWhat was to be erased may be so in parts; what the MCU boots from, at "
                  "0x08000000, was not touched and decides what is started.\n" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct scene scene;

                scene_init(&scene, &(struct given){ SESSION_NACK, .chip = F405,
                                                    .outcome = SESSION_NOT_BOOTABLE,
                                                    .remains = cases[i].remains });
                char *text = failure_to_text("motor", &scene.failure, &scene.context);
                assert_non_null(text);
                assert_contains(text, cases[i].told);
                free(text);
        }
}

static void the_place_and_the_bytes_are_told(void **state) {
        static const struct {
                struct given given;
                const char *told[3];
        } texts[] = {
                { { SESSION_NACK, .chip = F405, .command = AN3155_WRITE, .stage = 2,
                    .outcome = SESSION_NOT_BOOTABLE },
                  { "WRITE at 0x08000400 (its data) was refused (NACK)",
                    "\nThe MCU holds no bootable firmware now; flash it again.\n" } },
                { { SESSION_SILENCE, .command = AN3155_EXTENDED_ERASE, .stage = 1 },
                  { "no answer to EXTENDED ERASE at 0x08000400 (its pages).",
                    "\nWhat the flash holds is untouched.\n" } },
                { { SESSION_VERIFY_MISMATCH, .found = 0xFF },
                  { "read-back differs at 0x08000400: expected 0x12, found 0xFF." } },
                { { SESSION_DIFFERS, .found = 0x34 },
                  { "at 0x08000400: expected 0x12, found 0x34.", "\nNothing was changed.\n" } },
                { { SESSION_WRONG_CHIP, .chip = F405, .reported = G071 },
                  { "the chip reports ID 0x460 (STM32G07xxx/G08xxx), which is not what "
                    "Chip=STM32F405 names.",
                    "This is STM32G07xxx/G08xxx (ID 0x460)." } },
                { { SESSION_UNKNOWN_CHIP, .reported = 0x999 },
                  { "ID 0x999 (in no table)", "stmbootctl flash motor IMAGE --layout=64x2K" } },
                { { SESSION_DOES_NOT_FIT, .plan = PLAN_TOO_LARGE },
                  { "0x08020000-0x08020403 lies outside of flash (0x08000000-0x0801FFFF, 128 KiB)",
                    "This chip has 128 KiB of flash; the image ends at 0x08020403, 1028 bytes too far" } },
                { { SESSION_DOES_NOT_FIT, .plan = PLAN_RANGE_OUTSIDE },
                  { "the range 0x08020000-0x08020403 does not lie within flash "
                    "(0x08000000-0x0801FFFF, 128 KiB)" } },
                { { SESSION_SILENCE, .chip = F405, .command = AN3155_GO, .stage = 1,
                    .outcome = SESSION_COMPLETE, .start_unknown = true },
                  { "whether the application runs is not known: no answer to GO at 0x08000400 (its "
                    "address).",
                    "\nThe new firmware is complete and verified.\n", "Look whether it runs." } },
                { { SESSION_NOT_BLANK, .chip = 0x478, .twin = 0x08040400 },
                  { "the banks are swapped: to erase the page at 0x08000400 erased the one at "
                    "0x08040400, in the other bank",
                    "\nThe firmware that starts is untouched.\n" } },
                { { SESSION_DOES_NOT_FIT, .plan = PLAN_EMPTY, .interrupted = true },
                  { "\nThe flash is untouched: an earlier job broke off, and what it left is "
                    "incomplete.\n" } },
                { { SESSION_NACK, .outcome = SESSION_COMPLETE, .sampled = true },
                  { "\nThe chip holds the image, as far as samples tell.\n" } },
                { { SESSION_CANCELLED, .options = SESSION_OPTIONS_UNTOUCHED },
                  { "\nWhat the flash holds is untouched. The option bytes are untouched." } },
                { { SESSION_SILENCE, .command = AN3155_WRITE, .stage = 2,
                    .options = SESSION_OPTIONS_PARTLY },
                  { "\nWhat the flash holds is untouched. The option bytes may be changed in part.\n" } },
                { { SESSION_LINES, .options = SESSION_OPTIONS_CHANGED,
                    .outcome = SESSION_COMPLETE },
                  { "\nThe new firmware is complete and verified. The option bytes are changed." } },
                { { SESSION_LINES, .system = -EBUSY },
                  { "the lines could not be driven: Device or resource busy" } },
                { { SESSION_FORMAT, .chip = WB05 }, { "(115200 baud, 8N1)" } },
                { { SESSION_FORMAT, .system = -EPROTONOSUPPORT },
                  { "the port does not send parity, which the ROM needs (115200 baud, 8E1)" } },
                { { SESSION_FORMAT, .system = -ERANGE },
                  { "the port does not do this baud rate (115200 baud, 8E1)" } },
                { { SESSION_PROTECTED, .chip = F405, .command = AN3155_READ },
                  { "motor: while entering the ROM: the chip is protected: READ at 0x08000400 was "
                    "refused.\n",
                    "stmbootctl unprotect motor readout" } },
                { { SESSION_PROTECTED, .chip = H563 },
                  { "the chip is protected.\n", "The PRODUCT_STATE of STM32H562xx" } },
                { { SESSION_WRITE_PROTECTED, .chip = F405 },
                  { "motor: the page at 0x08000400 is write-protected.\n",
                    "Try: `stmbootctl unprotect motor write`" } },
                { { SESSION_UNSUPPORTED, .system = -ENOMEM },
                  { "not possible with this chip, ROM or wiring: Cannot allocate memory.\n" } },
                { { SESSION_UNSUPPORTED, .n_sectors = 12 },
                  { "there is no sector 99 to be protected: this part has 12.\n",
                    "Name sectors from 0 to 11." } },
                { { SESSION_PERMANENT, .reason = "Readout protection level 2" },
                  { "Readout protection level 2 can never be undone", "--permanent" } },
                { { SESSION_CANCELLED, .outcome = SESSION_COMPLETE },
                  { "cancelled.", "\nThe new firmware is complete and verified.\n" } },
                { { SEEN(SILENCE), 0x415, BOTH | SHORT_SEQUENCE }, { "up to 2561 ms" } },
                { { SEEN(GARBAGE), F746, BOTH }, { "up to 6 %", "Baud=57600" } },
                { { SEEN(SILENCE), F405, 0 }, { "USART1 RX=PA10 TX=PA9" } },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                char *text = text_of(&texts[i].given);

                for (size_t k = 0; k < ARRAY_SIZE(texts[i].told) && texts[i].told[k]; k++)
                        assert_contains(text, texts[i].told[k]);
                free(text);
        }
}

static void received_bytes_are_shown_in_hexadecimal(void **state) {
        struct scene scene;

        (void)state;
        scene_init(&scene, &(struct given){ SESSION_GARBAGE, .command = 0x77 });
        scene.failure.has_address = false;
        scene.failure.n_received = 2;
        scene.failure.received[0] = 0xAB;
        char *text = failure_to_text("motor", &scene.failure, &scene.context);
        assert_contains(text, "an answer that fits nothing to command 0x77; received: AB 00.\n");
        free(text);

        /* A count that is wrong does no harm. */
        scene.failure.n_received = SIZE_MAX;
        scene.failure.entry.n_received = SIZE_MAX;
        free(failure_to_text("motor", &scene.failure, &scene.context));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_came_back_is_told),
                cmocka_unit_test(what_is_left_of_the_flash_is_told),
                cmocka_unit_test(the_place_and_the_bytes_are_told),
                cmocka_unit_test(received_bytes_are_shown_in_hexadecimal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
