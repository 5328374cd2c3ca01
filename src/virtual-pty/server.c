/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/macro.h"
#include "virtual-pty/server.h"

/* A UART holds back what a program writes when it is so far ahead of the wire. */
#define AHEAD_MAX (5 * USEC_PER_MSEC)

#define RESET_PULSE (10 * USEC_PER_MSEC)

/* A timer wakes us 20 us late or so, and every answer would be. So it is set early, and the rest is
 * waited out. */
#define EARLY 40

struct server {
        struct board *board;
        struct pty *pty;
        struct client_clock *clock;
        int timer, signals, control;
        unsigned fixed_baud;
        uint64_t release_at; /* end of an NRST pulse; USEC_INFINITY: none */
        uint64_t due;        /* when the timer is meant to wake us; USEC_INFINITY: never */
        enum virtual_state state;
        char line[256]; /* of the control FIFO, so far */
        size_t length;
        bool ended;
};

/* ---- the wire ---- */

/* The client may have set another rate before it wrote. */
static void follow_baud(struct server *server) {
        struct board *board = server->board;
        unsigned baud = server->fixed_baud ? server->fixed_baud : pty_baud(server->pty);

        if (baud == 0 || baud == board->baud)
                return;
        board->baud = baud;
        virtual_set_format(board->chip, clock_usec(), baud, board->parity);
}

static bool wire_is_ahead(const struct server *server, uint64_t now) {
        return virtual_tx_empty_time(server->board->chip) > now + AHEAD_MAX;
}

static int from_client(struct server *server) {
        uint8_t data[512];
        bool flushed = false;
        ssize_t n = pty_read(server->pty, data, sizeof(data), &flushed);

        if (n < 0)
                return (int)n;
        if (flushed)
                virtual_flush(server->board->chip, clock_usec());
        if (n > 0) {
                follow_baud(server);
                virtual_send(server->board->chip, client_clock_time(server->clock, clock_usec()),
                             data, (size_t)n);
        }
        return 0;
}

static void to_client(struct server *server) {
        uint8_t data[512];
        size_t n;

        while ((n = virtual_receive(server->board->chip, clock_usec(), data, sizeof(data))) > 0)
                pty_write(server->pty, data, n);
}

/* ---- the board ---- */

static void tell_state(struct server *server) {
        static const char *const names[] = {
                [VIRTUAL_OFF] = "off",           [VIRTUAL_IN_RESET] = "in reset",
                [VIRTUAL_STARTING] = "starting", [VIRTUAL_ROM] = "in the ROM",
                [VIRTUAL_RUNNING] = "running",   [VIRTUAL_HUNG] = "hung: no valid vector table",
        };
        enum virtual_state state = virtual_state(server->board->chip, clock_usec());

        if (state == server->state)
                return;
        server->state = state;
        if (state == VIRTUAL_RUNNING)
                fprintf(stderr, "%s from 0x%08x\n", names[state],
                        virtual_running_from(server->board->chip));
        else
                fprintf(stderr, "%s\n", names[state]);
}

static void pulse_reset(struct server *server) {
        server->board->reset = true;
        board_apply(server->board, clock_usec());
        server->release_at = clock_usec() + RESET_PULSE;
}

static void on_signal(struct server *server) {
        struct signalfd_siginfo info;

        if (read(server->signals, &info, sizeof(info)) != sizeof(info))
                return;
        switch (info.ssi_signo) {
        case SIGUSR1:
                pulse_reset(server);
                break;
        case SIGUSR2:
                server->board->boot0 = !server->board->boot0;
                board_apply(server->board, clock_usec());
                break;
        default:
                server->ended = true;
                break;
        }
}

static void control_line(struct server *server) {
        server->line[server->length] = '\0';
        if (board_control(server->board, clock_usec(), server->line) < 0)
                fprintf(stderr, "stmboot-virtual: control: \"%s\" is not understood\n",
                        server->line);
        server->length = 0;
}

static void on_control(struct server *server) {
        char data[256];
        ssize_t n = read(server->control, data, sizeof(data));

        for (ssize_t i = 0; i < n; i++)
                if (data[i] == '\n')
                        control_line(server);
                else if (server->length < sizeof(server->line) - 1)
                        server->line[server->length++] = data[i];
}

/* ---- the loop ---- */

static void arm(struct server *server, uint64_t now) {
        uint64_t next = virtual_burst_time(server->board->chip);
        uint64_t empty = virtual_tx_empty_time(server->board->chip);
        struct itimerspec spec;

        next = MIN(next, server->release_at);
        if (wire_is_ahead(server, now))
                next = MIN(next, empty - AHEAD_MAX);
        server->due = next;
        spec = clock_timer(next == USEC_INFINITY ? next : next - EARLY);
        (void)timerfd_settime(server->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void on_timer(const struct server *server) {
        uint64_t expirations;

        (void)!read(server->timer, &expirations, sizeof(expirations));
        while (clock_usec() < server->due)
                ;
}

static int turn(struct server *server) {
        uint64_t now = clock_usec();
        struct pollfd fds[] = {
                { .fd = wire_is_ahead(server, now) ? -1 : pty_fd(server->pty), .events = POLLIN },
                { .fd = server->timer, .events = POLLIN },
                { .fd = server->signals, .events = POLLIN },
                { .fd = server->control, .events = POLLIN },
        };

        arm(server, now);
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
                return errno == EINTR ? 0 : -errno;

        if (fds[1].revents)
                on_timer(server);
        if (fds[2].revents)
                on_signal(server);
        if (fds[3].revents)
                on_control(server);
        if (clock_usec() >= server->release_at) {
                server->release_at = USEC_INFINITY;
                server->board->reset = false;
                board_apply(server->board, clock_usec());
        }
        if (fds[0].revents) {
                int r = from_client(server);
                if (r < 0)
                        return r;
        }
        to_client(server);
        tell_state(server);
        return 0;
}

int serve(struct board *board, struct pty *pty, struct client_clock *clock, int control,
          unsigned baud) {
        struct server server = {
                .board = board,
                .pty = pty,
                .clock = clock,
                .control = control,
                .fixed_baud = baud,
                .release_at = USEC_INFINITY,
                .state = VIRTUAL_OFF,
        };
        _cleanup_close_ int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        _cleanup_close_ int signals = -1;
        sigset_t mask;
        int r = 0;

        if (timer < 0)
                return -errno;
        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGUSR1);
        (void)sigaddset(&mask, SIGUSR2);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
        if (signals < 0)
                return -errno;

        server.timer = timer;
        server.signals = signals;
        follow_baud(&server);
        /* the board is plugged in, with BOOT0 where it is */
        virtual_power_off(board->chip, clock_usec());
        board_apply(board, clock_usec());
        virtual_power_on(board->chip, clock_usec());
        while (r == 0 && !server.ended)
                r = turn(&server);
        return r;
}
