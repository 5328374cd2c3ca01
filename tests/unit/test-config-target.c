/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A target's file: what it may say, and how each mistake is named. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/config_target.h"
#include "util/macro.h"
#include "util/target_name.h"

static int parse(const char *text, struct target_config **ret, char **ret_reason) {
        return target_config_parse("motor.conf", text, strlen(text), ret, ret_reason);
}

static void a_real_target_with_all_there_is(void **state) {
        static const char text[] = "# a comment\n"
                                   "[Target]\n"
                                   "Description=Motor; controller #2\n"
                                   "Chip=stm32f405rg\n"
                                   "FastProgram=yes\n"
                                   "Layout=4x16K,1x64K\n"
                                   "\n"
                                   "[Serial]\n"
                                   "Port=/dev/ttyAMA5\n"
                                   "Baud=230400\n"
                                   "[Lines]\n"
                                   "Boot0=17\n"
                                   "Reset=!6\n"
                                   "  Chip=pinctrl-bcm2711\n"
                                   "[Entry]\n"
                                   "ResetPulse=20ms\n"
                                   "StartupDelay=\n"
                                   "Sequence=reset=1 boot0=1 10ms reset=0 100ms\n"
                                   "[Image]\n"
                                   "File=/usr/lib/firmware/stmboot/motor.bin\n"
                                   "Format=bin\n"
                                   "Address=0x08004000\n"
                                   "Check=record\n"
                                   "Protected=record\n";
        _cleanup_(target_config_freep) struct target_config *config = NULL;
        _cleanup_free_ char *reason = NULL;

        (void)state;
        assert_int_equal(parse(text, &config, &reason), 0);
        assert_null(reason);
        assert_string_equal(config->description, "Motor; controller #2");
        assert_string_equal(config->chip_name, "stm32f405rg");
        assert_true(config->fast_program);
        assert_true(config->has_layout);
        assert_int_equal(flash_map_size(&config->layout), 128 << 10);
        assert_string_equal(config->port, "/dev/ttyAMA5");
        assert_false(config->is_virtual);
        assert_int_equal(config->baud, 230400);
        assert_string_equal(config->lines.line[LINE_BOOT0].chip, "pinctrl-bcm2711");
        assert_string_equal(config->lines.line[LINE_BOOT0].line, "17");
        assert_true(config->lines.line[LINE_RESET].inverted);
        assert_false(config->lines.line[LINE_BOOT1].wired);
        assert_true(config->entry.has_reset && config->entry.has_boot0);
        assert_false(config->entry.has_boot1);
        assert_int_equal(config->entry.reset_pulse, 20 * USEC_PER_MSEC);
        assert_int_equal(config->entry.startup, 0);
        assert_int_equal(config->entry.sequence.n_steps, 2);
        assert_string_equal(config->image_file, "/usr/lib/firmware/stmboot/motor.bin");
        assert_int_equal(config->image_format, IMAGE_BIN);
        assert_true(config->has_image_address);
        assert_int_equal(config->image_address, 0x08004000);
        assert_int_equal(config->check, SYNC_CHECK_RECORD);
        assert_true(config->trust_record_if_protected);
}

static void defaults(void **state) {
        _cleanup_(target_config_freep) struct target_config *config = NULL;
        _cleanup_free_ char *reason = NULL;

        (void)state;
        assert_int_equal(parse("[Serial]\r\nPort = ttyS0 \r\n", &config, &reason), 0);
        assert_string_equal(config->port, "ttyS0");
        assert_string_equal(config->description, "");
        assert_null(config->chip_name);
        assert_int_equal(config->baud, 115200);
        assert_int_equal(config->check, SYNC_CHECK_FAST);
        assert_false(config->entry.has_reset || config->entry.has_boot0);
        assert_null(config->image_file);
}

static void the_lines_of_a_virtual_target_are_wired_unless_it_says_which(void **state) {
        static const struct {
                const char *text;
                bool reset, boot0;
        } cases[] = {
                { "[Serial]\nPort=virtual:STM32F405\n", true, true },
                { "[Serial]\nPort=virtual:STM32F405\n[Lines]\n", false, false },
                { "[Serial]\nPort=virtual:STM32F405\n[Lines]\nChip=gpiochip0\nReset=3\n", true,
                  false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(target_config_freep) struct target_config *config = NULL;
                _cleanup_free_ char *reason = NULL;

                assert_int_equal(parse(cases[i].text, &config, &reason), 0);
                assert_true(config->is_virtual);
                assert_non_null(config->board.chip);
                assert_int_equal(config->entry.has_reset, cases[i].reset);
                assert_int_equal(config->entry.has_boot0, cases[i].boot0);
        }
}

static void a_virtual_board_with_its_faults(void **state) {
        static const char text[] = "[Serial]\nPort=virtual:STM32G431\n[Virtual]\nBoot0Wired=no\n"
                                   "FlashSize=64K\nTiming=worst\nWireTime=no\nSeed=12\n"
                                   "Fault=stall 12\nFault=nack 3 1\n";
        _cleanup_(target_config_freep) struct target_config *config = NULL, *same = NULL,
                                                            *other = NULL;
        _cleanup_free_ char *reason = NULL;

        (void)state;
        assert_int_equal(parse(text, &config, &reason), 0);
        assert_true(config->board.boot0_open);
        assert_false(config->board.reset_open);
        assert_int_equal(config->board.flash_size, 64 << 10);
        assert_int_equal(config->board.timing, CHIP_WORST);
        assert_true(config->board.no_wire_time);
        assert_int_equal(config->board.seed, 12);
        assert_int_equal(config->n_faults, 2);
        assert_int_equal(config->faults[1].type, VIRTUAL_FAULT_NACK);
        assert_int_equal(config->faults[1].at, 3);
        assert_int_equal(config->faults[1].detail, 1);

        assert_int_equal(parse(text, &same, &reason), 0);
        assert_true(target_config_same_board(config, same));
        same->faults[1].at = 4;
        assert_false(target_config_same_board(config, same));
        assert_int_equal(parse("[Serial]\nPort=virtual:STM32G431\n", &other, &reason), 0);
        assert_false(target_config_same_board(config, other));
}

static void each_mistake_is_named_with_its_line(void **state) {
        static const struct {
                const char *text, *reason;
        } cases[] = {
                { "", "motor.conf: no Port= in [Serial]" },
                { "[Serial]\nPort=ttyS0\nBauds=1\n",
                  "motor.conf:3: unknown key Bauds= in [Serial]" },
                { "[Serial]\nPort=ttyS0\n[Seriel]\n", "motor.conf:3: unknown section [Seriel]" },
                { "[Seri\xff]\n", "motor.conf:1: unknown section [Seri?]" },
                { "Port=ttyS0\n", "motor.conf:1: unknown key Port= in []" },
                { "[Serial]\nPort\n", "motor.conf:2: neither [Section] nor Key=value" },
                { "[Serial\nPort=ttyS0\nBauds=1", "motor.conf:1: neither [Section] nor Key=value" },
                { "[Serial]\nPort=ttyS0\nPort=ttyS1\n", "motor.conf:3: Port= is given twice" },
                { "[Serial]\nBaud=fast\n",
                  "motor.conf:2: no baud rate from 1200 to 4000000: \"fast\"" },
                { "[Serial]\nBaud=300\n",
                  "motor.conf:2: no baud rate from 1200 to 4000000: \"300\"" },
                { "[Serial]\nPort=ttyS0 # the first\n",
                  "motor.conf:2: a comment begins with ; or is a line of its own: \"ttyS0 # the "
                  "first\"" },
                { "[Target]\nChip=PIC16\n", "motor.conf:2: no chip \"PIC16\" in the device table" },
                { "[Serial]\nPort=virtual:Z80\n",
                  "motor.conf:2: no chip \"Z80\" in the device table" },
                { "[Target]\nLayout=lots\n", "motor.conf:2: no flash layout: \"lots\"" },
                { "[Target]\nLayout=64x1000\n",
                  "motor.conf:2: no STM32's layout (pages are a power of two, 128 bytes or more; 64 "
                  "MiB in all): \"64x1000\"" },
                { "[Target]\nFastProgram=maybe\n", "motor.conf:2: neither yes nor no: \"maybe\"" },
                { "[Serial]\nPort=ttyS0\n[Lines]\nReset=6\n",
                  "motor.conf:4: no line, or no Chip= for it: \"6\"" },
                { "[Entry]\nResetPulse=1h\n", "motor.conf:2: no time from 1us to 10s: \"1h\"" },
                { "[Entry]\nSequence=reset=1 later\n",
                  "motor.conf:2: no step of a sequence: \"later\"" },
                { "[Serial]\nPort=virtual:STM32F405\n[Entry]\nSequence=boot1=1 10ms\n",
                  "motor.conf:4: Sequence= sets a line, but no Boot1= is given" },
                { "[Image]\nFile=motor.hex\n",
                  "motor.conf:2: \"motor.hex\" is not an absolute path" },
                { "[Image]\nFormat=pdf\n", "motor.conf:2: unknown image format \"pdf\"" },
                { "[Image]\nAddress=flash\n", "motor.conf:2: no address: \"flash\"" },
                { "[Image]\nCheck=none\n",
                  "motor.conf:2: neither record, fast nor full: \"none\"" },
                { "[Image]\nProtected=erase\n",
                  "motor.conf:2: neither fail nor record: \"erase\"" },
                { "[Serial]\nPort=ttyS0\n[Virtual]\nSeed=1\n",
                  "motor.conf:3: [Virtual] goes with Port=virtual:... only" },
                { "[Virtual]\nFault=fire 1\n", "motor.conf:2: no fault: \"fire 1\"" },
                { "[Virtual]\nFault=stall\n", "motor.conf:2: no fault: \"stall\"" },
                { "[Virtual]\nFault=stall 1 2 3\n", "motor.conf:2: no fault: \"stall 1 2 3\"" },
                { "[Virtual]\nSeed=1\nSeed=2\n", "motor.conf:3: Seed= is given twice" },
                { "[Virtual]\nColour=red\n", "motor.conf:2: unknown key Colour= in [Virtual]" },
                { "[Virtual]\nTiming=slow\n", "motor.conf:2: neither typical nor worst: \"slow\"" },
                { "[Target]\nDescription=\xff\n", "motor.conf:2: not a line of UTF-8 text" },
                { "[Target]\nDescription=a\x1b[2Jb\n", "motor.conf:2: not a line of UTF-8 text" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct target_config *config = NULL;
                _cleanup_free_ char *reason = NULL;

                assert_int_equal(parse(cases[i].text, &config, &reason), -EINVAL);
                assert_null(config);
                assert_string_equal(reason, cases[i].reason);
        }
}

static void lines_that_cannot_be_read_whole_are_refused(void **state) {
        static const char nul[] = "[Serial]\nPort=tty\0S0\n";
        char text[400] = "[Target]\nDescription=";
        struct target_config *config = NULL;
        _cleanup_free_ char *reason = NULL, *nul_reason = NULL;

        (void)state;
        memset(text + strlen(text), 'x', 300);
        assert_int_equal(parse(text, &config, &reason), -EINVAL);
        assert_string_equal(reason, "motor.conf:2: line is too long");
        assert_int_equal(
                target_config_parse("motor.conf", nul, sizeof(nul) - 1, &config, &nul_reason),
                -EINVAL);
        assert_string_equal(nul_reason, "motor.conf:2: a NUL byte in the line");
}

static void names_of_targets(void **state) {
        static const struct {
                const char *name;
                bool valid;
        } cases[] = {
                { "motor", true },
                { "M1_left", true },
                { "m", true },
                { "", false },
                { "1st", false },
                { "_m", false },
                { "a-b", false },
                { "a.b", false },
                { "a/b", false },
                { "m\xc3\xb6", false },
                { "a23456789012345678901234567890123456789012345678901234567890123", true },
                { "a234567890123456789012345678901234567890123456789012345678901234", false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(target_name_is_valid(cases[i].name), cases[i].valid);
}

static void the_main_file(void **state) {
        static const char text[] = "[Manager]\nFirmwareDirectories=/a /b/c\n"
                                   "FirmwareDirectories=/d\nLogLevel=debug\n";
        static const char reset[] = "[Manager]\nFirmwareDirectories=/a\nFirmwareDirectories=\n"
                                    "FirmwareDirectories=/d\n";
        static const char relative[] = "[Manager]\nFirmwareDirectories=fw\n";
        static const char level[] = "[Manager]\nLogLevel=loud\n";
        _cleanup_(config_freep) struct config *config = NULL, *second = NULL, *plain = NULL;
        _cleanup_free_ char *reason = NULL, *other = NULL;

        (void)state;
        assert_int_equal(config_parse("f", text, strlen(text), &config, &reason), 0);
        assert_string_equal(config->firmware_directories[1], "/b/c");
        assert_string_equal(config->firmware_directories[2], "/d");
        assert_null(config->firmware_directories[3]);
        assert_true(config->has_log_level);
        assert_int_equal(config_parse("f", reset, strlen(reset), &second, &reason), 0);
        assert_string_equal(second->firmware_directories[0], "/d");
        assert_null(second->firmware_directories[1]);
        assert_int_equal(config_parse("f", "", 0, &plain, &reason), 0);
        assert_non_null(plain->firmware_directories[0]);

        struct config *none = NULL;
        assert_int_equal(config_parse("f", relative, strlen(relative), &none, &reason), -EINVAL);
        assert_string_equal(reason, "f:2: \"fw\" is not an absolute path");
        assert_int_equal(config_parse("f", level, strlen(level), &none, &other), -EINVAL);
        assert_string_equal(other, "f:2: unknown LogLevel= \"loud\"");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_real_target_with_all_there_is),
                cmocka_unit_test(defaults),
                cmocka_unit_test(the_lines_of_a_virtual_target_are_wired_unless_it_says_which),
                cmocka_unit_test(a_virtual_board_with_its_faults),
                cmocka_unit_test(each_mistake_is_named_with_its_line),
                cmocka_unit_test(lines_that_cannot_be_read_whole_are_refused),
                cmocka_unit_test(names_of_targets),
                cmocka_unit_test(the_main_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
