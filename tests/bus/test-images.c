/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How an image may come in, and what is refused before the chip is touched. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "harness.h"
#include "util/macro.h"

#define ALL_SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

static int start_with_motor(void **state) {
        if (harness_setup(state) != 0)
                return -1;
        harness_target(*state, "motor", "STM32G431", "[Target]\nChip=STM32G431\n");
        harness_firmware(*state, "motor.bin", 3000, 1);
        harness_start(*state);
        return 0;
}

/* Nothing was sent, and no line moved. */
static void assert_untouched(struct harness *harness) {
        _cleanup_free_ char *trace = harness_trace(harness, "motor", true);

        assert_string_equal(trace, "");
}

/* What InspectImage says. */
static bool fits_motor(struct harness *harness, const char *image, bool option_segments) {
        _cleanup_reply_ sd_bus_message *reply = NULL;
        const char *key;
        int fits = -1;

        assert_true(harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "InspectImage",
                                 NULL, &reply, "ssa{sv}", image, "motor", 1, "option-segments", "b",
                                 option_segments) >= 0);
        assert_true(sd_bus_message_enter_container(reply, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(reply, "s", &key) > 0);
                if (strcmp(key, STMBOOT_IMAGE_FITS) == 0)
                        assert_true(sd_bus_message_read(reply, "v", "b", &fits) > 0);
                else
                        assert_true(sd_bus_message_skip(reply, "v") > 0);
                assert_true(sd_bus_message_exit_container(reply) > 0);
        }
        assert_int_not_equal(fits, -1);
        return fits;
}

static void assert_path_refused(struct harness *harness, const char *path, const char *name) {
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        assert_null(harness_job(harness, "motor", "Flash", &error, "sa{sv}", path, 0));
        print_message("%s: %s\n", path, error.message);
        assert_string_equal(error.name, name);
}

static void make_link(struct harness *harness, const char *to, const char *name) {
        _cleanup_free_ char *path = harness_path(harness, name);

        assert_int_equal(symlink(to, path), 0);
}

static void no_path_leads_out_of_the_firmware_directory(void **state) {
        static const char unreadable[] = STMBOOT_ERROR_PREFIX "ImageUnreadable";
        struct harness *harness = *state;
        _cleanup_free_ char *outside = harness_path(harness, "outside.bin");
        _cleanup_free_ char *fifo = harness_path(harness, "firmware/fifo");
        _cleanup_free_ char *device = harness_path(harness, "firmware/device");
        _cleanup_free_ char *up = harness_path(harness, "firmware/../outside.bin");
        _cleanup_free_ char *beside = harness_path(harness, "firmware-not/motor.bin");

        harness_write(harness, "outside.bin", "%s", "secret");
        harness_write(harness, "firmware-not/motor.bin", "%s", "secret");
        make_link(harness, outside, "firmware/absolute-link");
        make_link(harness, "../outside.bin", "firmware/relative-link");
        make_link(harness, "..", "firmware/up");
        make_link(harness, "/proc/self/environ", "firmware/environ");
        assert_int_equal(mkfifo(fifo, 0644), 0);
        if (mknod(device, S_IFCHR | 0666, makedev(1, 5)) < 0)
                make_link(harness, "/dev/zero", "firmware/device");

        const char *const paths[] = {
                outside,
                up,
                beside,
                "../outside.bin",
                "absolute-link",
                "relative-link",
                "up/outside.bin",
                "environ",
                "device",
                "fifo",
                "up",
                ".",
                "",
                "/",
                "/dev/zero",
                "no-such.bin",
                "motor.bin/x",
        };
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                assert_path_refused(harness, paths[i], unreadable);
        assert_untouched(harness);
}

static void paths_beneath_the_firmware_directory_are_read(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ char *absolute = harness_path(harness, "firmware/motor.bin");

        harness_firmware(harness, "deep/er/motor.bin", 3000, 1);
        make_link(harness, "motor.bin", "firmware/current");
        const char *const paths[] = { "motor.bin", "./deep//er/./motor.bin", absolute, "current" };
        /* Valgrind knows no openat2(): then no link is followed. */
        size_t n = ARRAY_SIZE(paths) - (getenv("STMBOOTD_WRAPPER") ? 1 : 0);
        for (size_t i = 0; i < n; i++) {

                harness_do(harness, "motor", "Flash", "sa{sv}", paths[i], 0);
        }
}

static void assert_fd_refused(struct harness *harness, int fd) {
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        assert_true(fd >= 0);
        assert_null(harness_job(harness, "motor", "FlashFd", &error, "ha{sv}", fd, 0));
        assert_error(&error, "ImageUnreadable");
        (void)close(fd);
}

static int memfd_with(const void *data, size_t size, int seals) {
        int fd = memfd_create("image", MFD_ALLOW_SEALING);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, data, size), size);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
        return fd;
}

static void only_sealed_memfds_are_taken(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ uint8_t *firmware = firmware_new(3000, 2);
        _cleanup_free_ char *file = harness_path(harness, "firmware/motor.bin");
        int pipe_fds[2];

        assert_fd_refused(harness, memfd_with(firmware, 3000, 0));
        assert_fd_refused(harness, memfd_with(firmware, 3000, F_SEAL_WRITE | F_SEAL_GROW));
        assert_fd_refused(harness, memfd_with(firmware, 3000, F_SEAL_WRITE | F_SEAL_SHRINK));
        assert_fd_refused(harness, memfd_with(firmware, 3000, F_SEAL_GROW | F_SEAL_SHRINK));
        /* Who has mapped it before may write on. */
        assert_fd_refused(harness, memfd_with(firmware, 3000,
                                              F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK));
        assert_fd_refused(harness, open(file, O_RDONLY));
        assert_fd_refused(harness, open("/dev/zero", O_RDONLY));
        assert_int_equal(pipe(pipe_fds), 0);
        assert_fd_refused(harness, pipe_fds[0]);
        (void)close(pipe_fds[1]);
        assert_untouched(harness);

        _cleanup_close_ int fd = memfd_with(firmware, 3000, ALL_SEALS);
        harness_do(harness, "motor", "FlashFd", "ha{sv}", fd, 0);
        harness_do(harness, "motor", "VerifyFd", "ha{sv}", fd, 0);
}

static void bytes_may_come_in_the_message(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_do(harness, "motor", "FlashData", "aya{sv}", 8, 0, 16, 0, 32, 1, 1, 0, 8, 0);
        assert_null(harness_job(harness, "motor", "FlashData", &error, "aya{sv}", 0, 0));
        assert_error(&error, "ImageInvalid");
}

static void damaged_empty_and_huge_images_are_refused(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ char *huge = harness_path(harness, "firmware/huge.bin");

        harness_write(harness, "firmware/empty.bin", "%s", "");
        harness_write(harness, "firmware/broken.hex", "%s",
                      ":020000040800F2\n:0400000001020304F3\n:00000001FF\n");
        harness_write(harness, "firmware/torn.hex", "%s", ":020000040800F2\n:04000000010203");
        int fd = open(huge, O_WRONLY | O_CREAT, 0644);
        assert_int_equal(ftruncate(fd, (off_t)STMBOOT_IMAGE_SIZE_MAX + 1), 0);
        (void)close(fd);

        assert_path_refused(harness, "empty.bin", STMBOOT_ERROR_PREFIX "ImageInvalid");
        assert_path_refused(harness, "broken.hex", STMBOOT_ERROR_PREFIX "ImageInvalid");
        assert_path_refused(harness, "torn.hex", STMBOOT_ERROR_PREFIX "ImageInvalid");
        assert_path_refused(harness, "huge.bin", STMBOOT_ERROR_PREFIX "ImageTooLarge");
        assert_untouched(harness);
}

static void an_image_without_a_path_can_be_given_a_name(void **state) {
        static const char broken[] = ":020000040800F2\n:0400000001020304F3\n:00000001FF\n";
        static const char *const names[] = { "", "two\nlines", "bell\a" };
        struct harness *harness = *state;
        _cleanup_close_ int fd = memfd_with(broken, strlen(broken), ALL_SEALS);
        _cleanup_error_ sd_bus_error flash = SD_BUS_ERROR_NULL, inspect = SD_BUS_ERROR_NULL;

        assert_null(harness_job(harness, "motor", "FlashFd", &flash, "ha{sv}", fd, 1, "name", "s",
                                "out/motor.hex"));
        assert_error(&flash, "ImageInvalid");
        assert_int_equal(strncmp(flash.message, "out/motor.hex:2: ", 17), 0);
        assert_true(harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "InspectImageFd",
                                 &inspect, NULL, "hsa{sv}", fd, "", 1, "name", "s",
                                 "out/motor.hex") < 0);
        assert_string_equal(inspect.message, flash.message);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

                assert_null(harness_job(harness, "motor", "FlashFd", &error, "ha{sv}", fd, 1,
                                        "name", "s", names[i]));
                assert_string_equal(error.name, SD_BUS_ERROR_INVALID_ARGS);
        }
}

static void what_cannot_fit_the_chip_is_refused(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_firmware(harness, "large.bin", 600 << 10, 1);
        assert_path_refused(harness, "large.bin", STMBOOT_ERROR_PREFIX "ImageDoesNotFit");
        assert_null(harness_job(harness, "motor", "Flash", &error, "sa{sv}", "motor.bin", 1,
                                "address", "t", 0x20000000ULL));
        assert_error(&error, "ImageDoesNotFit");
        assert_untouched(harness);
}

static void a_segment_of_option_bytes_needs_a_word(void **state) {
        struct harness *harness = *state;

        /* 4 bytes at 0x1FFF7800, where a G4 has its option bytes. */
        harness_write(harness, "firmware/options.hex", "%s",
                      ":020000040800F2\n:0400000001020304F2\n:020000041FFFDC\n"
                      ":04780000AAF8FFEFF4\n:00000001FF\n");
        assert_path_refused(harness, "options.hex", STMBOOT_ERROR_PREFIX "ImageDoesNotFit");
        assert_false(fits_motor(harness, "options.hex", false));
        assert_true(fits_motor(harness, "options.hex", true));
        assert_untouched(harness);
}

/* ---- options ---- */

static void assert_options_refused(struct harness *harness, const char *member, const char *part,
                                   const char *key, const char *type, ...) {
        _cleanup_reply_ sd_bus_message *message = NULL;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        va_list ap;

        assert_true(sd_bus_message_new_method_call(harness->bus, &message, STMBOOT_BUS_NAME,
                                                   STMBOOT_TARGET_PREFIX "/motor",
                                                   STMBOOT_TARGET_INTERFACE, member) >= 0);
        if (strcmp(member, "Flash") == 0 || strcmp(member, "Verify") == 0)
                assert_true(sd_bus_message_append(message, "s", "motor.bin") >= 0);
        assert_true(sd_bus_message_open_container(message, 'a', "{sv}") >= 0);
        assert_true(sd_bus_message_open_container(message, 'e', "sv") >= 0);
        assert_true(sd_bus_message_append(message, "s", key) >= 0);
        assert_true(sd_bus_message_open_container(message, 'v', type) >= 0);
        va_start(ap, type);
        assert_true(sd_bus_message_appendv(message, type, ap) >= 0);
        va_end(ap);
        for (unsigned i = 0; i < 3; i++)
                assert_true(sd_bus_message_close_container(message) >= 0);
        assert_true(sd_bus_call(harness->bus, message, HARNESS_TIMEOUT, &error, NULL) < 0);
        print_message("%s %s: %s\n", member, key, error.message);
        assert_string_equal(error.name, SD_BUS_ERROR_INVALID_ARGS);
        assert_contains(error.message, part);
}

static void what_is_to_be_kept_is_not_erased_beside_it(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        assert_true(sd_bus_call_method(harness->bus, STMBOOT_BUS_NAME,
                                       STMBOOT_TARGET_PREFIX "/motor", STMBOOT_TARGET_INTERFACE,
                                       "Flash", &error, NULL, "sa{sv}", "motor.bin", 2, "preserve",
                                       "b", true, "erase", "s", "all") < 0);
        assert_string_equal(error.name, SD_BUS_ERROR_INVALID_ARGS);
        assert_contains(error.message, "preserve");
        assert_untouched(harness);
}

static void options_that_make_no_sense_are_refused_by_name(void **state) {
        struct harness *harness = *state;

        assert_options_refused(harness, "Flash", "\"colour\"", "colour", "s", "red");
        assert_options_refused(harness, "Probe", "\"mass\"", "mass", "b", true);
        assert_options_refused(harness, "Flash", "\"baud\"", "baud", "s", "115200");
        assert_options_refused(harness, "Flash", "\"baud\"", "baud", "u", 12);
        assert_options_refused(harness, "Flash", "\"address\"", "address", "u", 0x08000000);
        assert_options_refused(harness, "Flash", "\"address\"", "address", "t", 1ULL << 32);
        assert_options_refused(harness, "Flash", "\"after\"", "after", "s", "explode");
        assert_options_refused(harness, "Flash", "\"erase\"", "erase", "s", "some");
        assert_options_refused(harness, "Flash", "\"check\"", "check", "s", "record");
        assert_options_refused(harness, "Flash", "\"format\"", "format", "s", "pdf");
        assert_options_refused(harness, "Flash", "\"layout\"", "layout", "s", "4x");
        assert_options_refused(harness, "Flash", "go-address", "go-address", "t", 0x08000000ULL);
        assert_options_refused(harness, "Flash", "\"go-address\"", "go-address", "t",
                               0x08000001ULL);
        assert_options_refused(harness, "Probe", "\"go-address\"", "go-address", "t", 1ULL << 32);
        assert_options_refused(harness, "Run", "multiple of 4", "address", "t", 0x08000101ULL);
        assert_options_refused(harness, "Run", "multiple of 4", "address", "t", 0x08000002ULL);
        assert_options_refused(harness, "Flash", "option bytes", "option-bytes", "ay", 0);
        assert_options_refused(harness, "Erase", "\"bank\"", "bank", "u", 3);
        assert_options_refused(harness, "Erase", "address and length", "length", "t", 2048ULL);
        assert_untouched(harness);
}

static void contradicting_options_are_refused(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error one = SD_BUS_ERROR_NULL, two = SD_BUS_ERROR_NULL,
                                     three = SD_BUS_ERROR_NULL;

        assert_null(harness_job(harness, "motor", "Flash", &one, "sa{sv}", "motor.bin", 2, "check",
                                "s", "none", "if-different", "b", true));
        assert_string_equal(one.name, SD_BUS_ERROR_INVALID_ARGS);
        assert_null(harness_job(harness, "motor", "Flash", &two, "sa{sv}", "motor.bin", 2, "after",
                                "s", "run", "after", "s", "stay"));
        assert_string_equal(two.name, SD_BUS_ERROR_INVALID_ARGS);
        assert_null(harness_job(harness, "motor", "Erase", &three, "a{sv}", 2, "mass", "b", true,
                                "bank", "u", 1));
        assert_string_equal(three.name, SD_BUS_ERROR_INVALID_ARGS);
        assert_untouched(harness);
}

static void ranges_are_checked(void **state) {
        static const struct {
                uint64_t address, length;
                const char *error;
        } ranges[] = {
                { 0x08000000, 0, SD_BUS_ERROR_INVALID_ARGS },
                { 1ULL << 32, 4, SD_BUS_ERROR_INVALID_ARGS },
                { 0xfffffffc, 8, SD_BUS_ERROR_INVALID_ARGS },
                { UINT64_MAX, UINT64_MAX, SD_BUS_ERROR_INVALID_ARGS },
                { 0, 64 << 20, STMBOOT_ERROR_PREFIX "LimitExceeded" },
        };
        struct harness *harness = *state;

        for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

                assert_null(harness_job(harness, "motor", "Read", &error, "tta{sv}",
                                        ranges[i].address, ranges[i].length, 0));
                assert_string_equal(error.name, ranges[i].error);
        }
        assert_untouched(harness);
}

/* ---- InspectImage ---- */

static void a_size_remembered_from_before_decides_nothing(void **state) {
        struct harness *harness = *state;

        assert_int_equal(harness_stop(harness, SIGTERM), 0);
        harness_target(harness, "motor", "STM32G431", "FlashSize=32K\n[Target]\nChip=STM32G431\n");
        harness_firmware(harness, "large.bin", 40000, 1);
        harness_start(harness);
        assert_true(fits_motor(harness, "large.bin", false));
        harness_do(harness, "motor", "Probe", "a{sv}", 0);
        assert_false(fits_motor(harness, "large.bin", false));

        /* Another part may be there now; a job would ask it first. */
        assert_int_equal(harness_stop(harness, SIGTERM), 0);
        harness_target(harness, "motor", "STM32G431", "FlashSize=128K\n[Target]\nChip=STM32G431\n");
        harness_start(harness);
        assert_property(harness, "motor", "FlashSize", "32768");
        assert_true(fits_motor(harness, "large.bin", false));
        harness_do(harness, "motor", "Flash", "sa{sv}", "large.bin", 0);
        assert_property(harness, "motor", "FlashSize", "131072");
}

static void an_image_is_described_without_a_chip(void **state) {
        struct harness *harness = *state;
        _cleanup_reply_ sd_bus_message *reply = NULL;
        const char *key, *contents, *format = "";
        uint64_t size = 0, stack = 0;
        int fits = false;

        assert_true(harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "InspectImage",
                                 NULL, &reply, "ssa{sv}", "motor.bin", "motor", 0) >= 0);
        assert_true(sd_bus_message_enter_container(reply, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(reply, "s", &key) > 0);
                assert_true(sd_bus_message_peek_type(reply, NULL, &contents) > 0);
                if (strcmp(key, STMBOOT_IMAGE_FORMAT) == 0)
                        assert_true(sd_bus_message_read(reply, "v", "s", &format) > 0);
                else if (strcmp(key, STMBOOT_IMAGE_SIZE) == 0)
                        assert_true(sd_bus_message_read(reply, "v", "t", &size) > 0);
                else if (strcmp(key, STMBOOT_IMAGE_STACK_POINTER) == 0)
                        assert_true(sd_bus_message_read(reply, "v", "t", &stack) > 0);
                else if (strcmp(key, STMBOOT_IMAGE_FITS) == 0)
                        assert_true(sd_bus_message_read(reply, "v", "b", &fits) > 0);
                else
                        assert_true(sd_bus_message_skip(reply, "v") > 0);
                assert_true(sd_bus_message_exit_container(reply) > 0);
        }
        assert_string_equal(format, "bin");
        assert_int_equal(size, 3000);
        assert_int_equal(stack, 0x20001000);
        assert_true(fits);
        assert_untouched(harness);
}

static void unknown_targets_have_an_error_of_their_own(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error one = SD_BUS_ERROR_NULL, two = SD_BUS_ERROR_NULL;

        assert_true(harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "InspectImage",
                                 &one, NULL, "ssa{sv}", "motor.bin", "pump", 0) < 0);
        assert_error(&one, "NoSuchTarget");
        assert_true(harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "GetTarget",
                                 &two, NULL, "s", "../motor") < 0);
        assert_error(&two, "NoSuchTarget");
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, start_with_motor, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(no_path_leads_out_of_the_firmware_directory),
                TEST(paths_beneath_the_firmware_directory_are_read),
                TEST(only_sealed_memfds_are_taken),
                TEST(bytes_may_come_in_the_message),
                TEST(damaged_empty_and_huge_images_are_refused),
                TEST(an_image_without_a_path_can_be_given_a_name),
                TEST(what_cannot_fit_the_chip_is_refused),
                TEST(a_segment_of_option_bytes_needs_a_word),
                TEST(what_is_to_be_kept_is_not_erased_beside_it),
                TEST(options_that_make_no_sense_are_refused_by_name),
                TEST(contradicting_options_are_refused),
                TEST(ranges_are_checked),
                TEST(an_image_is_described_without_a_chip),
                TEST(a_size_remembered_from_before_decides_nothing),
                TEST(unknown_targets_have_an_error_of_their_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
