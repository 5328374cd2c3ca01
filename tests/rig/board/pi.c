/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rig-pi: a virtual STM32 wired as to a Raspberry Pi: NRST and BOOT0 are lines of a gpiochip, the
 * UART is one end of a pair of 8250s. It sees what the kernel does to the lines, and reads the
 * other end's termios for what a wire would carry: baud rate and parity.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "board.h"
#include "control.h"
#include "gpio_watch.h"
#include "peer.h"
#include "termios2.h"
#include "util/cleanup.h"
#include "util/macro.h"

enum role {
        ROLE_RESET,
        ROLE_BOOT0,
        ROLE_BOOT1,
        ROLE_OTHER, /* not of this chip: edges are counted */
        ROLE_MAX_,
};

#define PINS_MAX 16

struct pi {
        struct board board;
        struct gpio_watch *gpio;
        struct gpio_watch_line pins[PINS_MAX];
        enum role roles[PINS_MAX];
        size_t n_pins;
        bool levels[ROLE_MAX_];
        bool reset_inverted; /* a transistor: the pin high resets */
        uint64_t other_edges;
        struct peer peer;
        int uart;
        int control;
};

static void follow_lines(struct pi *pi) {
        struct board *board = &pi->board;
        size_t pin;
        bool level;
        uint64_t usec;

        while (gpio_watch_next(pi->gpio, &pin, &level, &usec)) {
                (void)board_tick_to(board, usec);
                pi->levels[pi->roles[pin]] = level;
                if (pi->roles[pin] == ROLE_OTHER) {
                        pi->other_edges++;
                        board_log(board, "line %s: %s", pi->pins[pin].name, level ? "high" : "low");
                }
                board_set_lines(board, pi->levels[ROLE_RESET] == pi->reset_inverted,
                                pi->levels[ROLE_BOOT0], pi->levels[ROLE_BOOT1]);
        }
        (void)board_tick(board);
}

static void follow_format(struct pi *pi) {
        bool even;
        unsigned baud;
        int r = peer_format(&pi->peer, &baud, &even);

        /* The last bytes of one that has gone came as those before. */
        if (r == -ENOTCONN)
                return;
        if (r == 0)
                board_set_format(&pi->board, baud, even);
        else
                board_log(&pi->board, "no format that a ROM knows");
}

static void receive(struct pi *pi) {
        uint8_t buffer[4096];
        ssize_t n = read(pi->uart, buffer, sizeof(buffer));

        if (n <= 0)
                return;
        follow_format(pi);
        board_send(&pi->board, buffer, (size_t)n);
}

static void transmit(struct pi *pi) {
        uint8_t buffer[4096];
        size_t n;

        while ((n = virtual_receive(pi->board.chip, pi->board.now, buffer, sizeof(buffer))) > 0)
                if (pi->peer.listening && write(pi->uart, buffer, n) != (ssize_t)n)
                        board_log(&pi->board, "the UART did not take %zu bytes", n);
}

static void serve(struct pi *pi) {
        char line[512];
        _cleanup_fclose_ FILE *out = control_accept(pi->control, line, sizeof(line));

        if (!out)
                return;
        if (strcmp(line, "other-edges") == 0)
                fprintf(out, "%llu\n", (unsigned long long)pi->other_edges);
        else if (!board_command(&pi->board, line, out))
                fprintf(out, "error: unknown command\n");
}

static int run(struct pi *pi) {
        struct pollfd fds[] = {
                { .fd = pi->uart, .events = POLLIN },
                { .fd = pi->control, .events = POLLIN },
                { .fd = pi->peer.events, .events = POLLIN },
                { 0 },
                { 0 },
        };

        gpio_watch_fds(pi->gpio, &fds[3]);
        board_log(&pi->board, "ready");
        while (board_wait(&pi->board, fds, ARRAY_SIZE(fds), USEC_INFINITY)) {
                /* A line that was set before a byte was sent shows before that byte. */
                follow_lines(pi);
                if (fds[0].revents & POLLIN)
                        receive(pi);
                peer_follow(&pi->peer);
                transmit(pi);
                if (fds[1].revents & POLLIN)
                        serve(pi);
        }
        return 0;
}

static int add_pin(struct pi *pi, enum role role, const char *name) {
        if (!name)
                return 0;
        if (pi->n_pins == PINS_MAX)
                return -E2BIG;
        pi->pins[pi->n_pins].name = name;
        pi->pins[pi->n_pins].pull_up = role == ROLE_RESET && !pi->reset_inverted;
        pi->roles[pi->n_pins++] = role;
        return 0;
}

static int open_gpio(struct pi *pi, char **argv) {
        const char *label = args_get(argv, "gpio");
        char *others = args_get(argv, "other"), *rest = NULL, *name;
        int r;

        pi->reset_inverted = args_get(argv, "invert-reset");
        pi->levels[ROLE_RESET] = !pi->reset_inverted;
        if ((r = add_pin(pi, ROLE_RESET, args_get(argv, "reset"))) < 0 ||
            (r = add_pin(pi, ROLE_BOOT0, args_get(argv, "boot0"))) < 0 ||
            (r = add_pin(pi, ROLE_BOOT1, args_get(argv, "boot1"))) < 0)
                return r;
        for (; others && (name = strtok_r(others, ",", &rest)); others = rest)
                if ((r = add_pin(pi, ROLE_OTHER, name)) < 0)
                        return r;
        return gpio_watch_open(label ?: "pinctrl-bcm2711", pi->pins, pi->n_pins,
                               args_get(argv, "persist"), &pi->gpio);
}

static int open_uart(struct pi *pi, char **argv) {
        const char *uart = args_get(argv, "uart");
        int r = uart ? peer_open(&pi->peer, args_get(argv, "peer")) : -EINVAL;

        if (r < 0)
                return r;
        pi->uart = open(uart, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        return pi->uart < 0 ? -errno : tty_make_raw(pi->uart);
}

static void close_all(struct pi *pi) {
        pi->gpio = gpio_watch_close(pi->gpio);
        peer_close(&pi->peer);
        closep(&pi->uart);
        closep(&pi->control);
        board_done(&pi->board);
}

int main(int argc, char **argv) {
        static const char *const keys[] = {
                "part",  "flash", "load",         "seed",    "control", "gpio", "reset", "boot0",
                "boot1", "other", "invert-reset", "persist", "uart",    "peer", NULL,
        };
        _cleanup_(close_all) struct pi pi = { .uart = -1, .control = -1, .peer.events = -1 };
        int r;

        (void)argc;
        args_check(argv, keys);
        if ((r = board_init(&pi.board, argv)) < 0 || (r = open_gpio(&pi, argv)) < 0 ||
            (r = open_uart(&pi, argv)) < 0 ||
            (r = pi.control = control_listen(args_get(argv, "control"))) < 0 ||
            (r = run(&pi)) < 0) {
                fprintf(stderr, "%s: %s\n", argv[0], strerror(-r));
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
