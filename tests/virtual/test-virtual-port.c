/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* port.h and lines.h in front of a virtual STM32, in real time. */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "hw/lines.h"
#include "hw/port.h"
#include "util/macro.h"
#include "virtual/virtual.h"

#define PATIENCE 5000 /* ms; only a failure takes so long */

struct board {
        struct virtual_stm32 *chip;
        struct port *port;
        struct lines *lines;
};

static int setup(void **state) {
        static struct board board;
        /* a short start-up, and an application to run */
        struct virtual_config config = { .chip = chip_by_id(0x468), .seed = 1 };
        static const uint8_t head[] = { 0, 8, 0, 0x20, 0x41, 0, 0, 8 }, code[] = { 0xFE, 0xE7 };
        unsigned baud;

        assert_int_equal(virtual_new(&config, &board.chip), 0);
        assert_true(virtual_poke(board.chip, 0x08000000, head, sizeof(head)));
        assert_true(virtual_poke(board.chip, 0x08000040, code, sizeof(code)));
        assert_int_equal(port_open_virtual(board.chip, &board.port), 0);
        assert_int_equal(lines_open_virtual(board.chip, &board.lines), 0);
        assert_int_equal(port_set_format(board.port, 115200, true, &baud), 0);
        assert_int_equal(baud, 115200);
        *state = &board;
        return 0;
}

static int teardown(void **state) {
        struct board *board = *state;

        lines_close(board->lines);
        port_close(board->port);
        virtual_free(board->chip);
        return 0;
}

static uint64_t now_usec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

/* Waits by poll() for exactly so many bytes. */
static void expect(struct board *board, const void *bytes, size_t size) {
        uint8_t found[100];
        size_t n = 0;

        while (n < size) {
                struct pollfd fd = { .fd = port_fd(board->port), .events = POLLIN };
                ssize_t r;

                assert_int_equal(poll(&fd, 1, PATIENCE), 1);
                r = port_read(board->port, found + n, sizeof(found) - n);
                assert_true(r >= 0);
                n += (size_t)r;
        }
        assert_int_equal(n, size);
        assert_memory_equal(found, bytes, size);
}

static void send(struct board *board, const void *bytes, size_t size) {
        assert_int_equal(port_write(board->port, bytes, size), size);
}

static void enter(struct board *board) {
        assert_int_equal(lines_set(board->lines, LINE_RESET, true), 0);
        assert_int_equal(lines_set(board->lines, LINE_BOOT0, true), 0);
        assert_int_equal(virtual_state(board->chip, now_usec()), VIRTUAL_IN_RESET);
        assert_int_equal(lines_set(board->lines, LINE_RESET, false), 0);
        while (virtual_state(board->chip, now_usec()) != VIRTUAL_ROM)
                (void)poll(NULL, 0, 1);
        assert_int_equal(port_flush(board->port), 0);
}

static void test_conversation(void **state) {
        struct board *board = *state;

        enter(board);
        send(board, "\x7F", 1);
        expect(board, "\x79", 1);
        send(board, "\x02\xFD", 2);
        expect(board, "\x79\x01\x04\x68\x79", 5);
}

/* Not the UART but the lines make the chip speak: the port notices. */
static void test_banner_after_a_reset(void **state) {
        struct board *board = *state;
        uint8_t found[100];
        size_t n = 0;

        enter(board);
        assert_int_equal(lines_set(board->lines, LINE_RESET, true), 0);
        assert_int_equal(lines_set(board->lines, LINE_BOOT0, false), 0);
        assert_int_equal(lines_set(board->lines, LINE_RESET, false), 0);
        while (n == 0 || found[n - 1] != '\n') {
                struct pollfd fd = { .fd = port_fd(board->port), .events = POLLIN };
                ssize_t r;

                assert_int_equal(poll(&fd, 1, PATIENCE), 1);
                r = port_read(board->port, found + n, sizeof(found) - n);
                assert_true(r >= 0);
                n += (size_t)r;
        }
        assert_memory_equal(found, "APP ", 4);
        assert_memory_equal(found + n - 26, " running from 0x08000000\r\n", 26);
}

static void test_read_takes_what_is_there(void **state) {
        struct board *board = *state;
        struct pollfd fd = { .fd = port_fd(board->port), .events = POLLIN };
        uint8_t byte;

        enter(board);
        assert_int_equal(port_read(board->port, &byte, 1), 0);
        send(board, "\x7F", 1);
        expect(board, "\x79", 1);
        send(board, "\x02\xFD", 2);
        (void)poll(NULL, 0, 20);
        for (unsigned i = 0; i < 5; i++) { /* one at a time: the descriptor stays ready */
                assert_int_equal(poll(&fd, 1, PATIENCE), 1);
                assert_int_equal(port_read(board->port, &byte, 1), 1);
        }
        assert_int_equal(byte, 0x79);
        assert_int_equal(port_read(board->port, &byte, 1), 0);
}

static void test_flush_discards(void **state) {
        struct board *board = *state;
        uint8_t byte;

        enter(board);
        send(board, "\x7F", 1);
        (void)poll(NULL, 0, 20);
        assert_int_equal(port_flush(board->port), 0);
        assert_int_equal(port_read(board->port, &byte, 1), 0);
        send(board, "\x02\xFD", 2);
        expect(board, "\x79\x01\x04\x68\x79", 5);
}

static void test_rates(void **state) {
        struct board *board = *state;
        unsigned baud = 1;

        assert_int_equal(port_set_format(board->port, 0, true, &baud), -ERANGE);
        assert_int_equal(baud, 1);
        assert_int_equal(port_set_format(board->port, 921600, true, &baud), 0);
        assert_int_equal(baud, 921600);
        enter(board);
        send(board, "\x7F", 1);
        expect(board, "\x79", 1);
}

static void test_no_modem_lines(void **state) {
        struct board *board = *state;

        assert_int_equal(port_set_dtr(board->port, true), -ENOTTY);
        assert_int_equal(port_set_rts(board->port, true), -ENOTTY);
}

/* Closing lets the application run; the chip lives on behind the next opening. */
static void test_closing_makes_safe(void **state) {
        struct board *board = *state;
        uint32_t word = 0;
        unsigned baud;

        enter(board);
        assert_int_equal(lines_set(board->lines, LINE_RESET, true), 0);
        board->lines = lines_close(board->lines);
        board->port = port_close(board->port);
        (void)poll(NULL, 0, 5);
        assert_int_equal(virtual_state(board->chip, now_usec()), VIRTUAL_RUNNING);

        assert_int_equal(port_open_virtual(board->chip, &board->port), 0);
        assert_int_equal(lines_open_virtual(board->chip, &board->lines), 0);
        assert_int_equal(port_set_format(board->port, 115200, true, &baud), 0);
        assert_int_equal(virtual_state(board->chip, now_usec()), VIRTUAL_RUNNING);
        assert_true(virtual_peek(board->chip, 0x08000000, &word, sizeof(word)));
        assert_int_equal(word, 0x20000800);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_conversation, setup, teardown),
                cmocka_unit_test_setup_teardown(test_banner_after_a_reset, setup, teardown),
                cmocka_unit_test_setup_teardown(test_read_takes_what_is_there, setup, teardown),
                cmocka_unit_test_setup_teardown(test_flush_discards, setup, teardown),
                cmocka_unit_test_setup_teardown(test_rates, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_modem_lines, setup, teardown),
                cmocka_unit_test_setup_teardown(test_closing_makes_safe, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
