/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "board.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/parse.h"

static uint64_t now(void) {
        struct timespec ts;
        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t board_tick_to(struct board *board, uint64_t usec) {
        board->now = MAX(board->now, usec);
        return board->now;
}

uint64_t board_tick(struct board *board) {
        return board_tick_to(board, now());
}

void board_log(const struct board *board, const char *format, ...) {
        va_list ap;

        printf("%5llu.%06llu ", (unsigned long long)(board->now / USEC_PER_SEC),
               (unsigned long long)(board->now % USEC_PER_SEC));
        va_start(ap, format);
        vprintf(format, ap);
        va_end(ap);
        (void)putchar('\n');
}

/* ---- what survives without power: flash, then the option areas ---- */

typedef bool memory_function_t(struct board *board, FILE *file, uint32_t address, uint8_t *buffer,
                               size_t size);

static bool save_range(struct board *board, FILE *file, uint32_t address, uint8_t *buffer,
                       size_t size) {
        return virtual_peek(board->chip, address, buffer, size) &&
               fwrite(buffer, size, 1, file) == 1;
}

static bool load_range(struct board *board, FILE *file, uint32_t address, uint8_t *buffer,
                       size_t size) {
        return fread(buffer, size, 1, file) == 1 &&
               virtual_poke(board->chip, address, buffer, size);
}

static int for_each_range(struct board *board, FILE *file, memory_function_t *function) {
        const struct chip *part = board->part;
        _cleanup_free_ uint8_t *buffer = malloc(board->flash_size);

        if (!buffer)
                return -ENOMEM;
        if (!function(board, file, part->flash_start, buffer, board->flash_size))
                return -EBADMSG;
        for (size_t i = 0; i < CHIP_RANGES_MAX && part->options[i].size; i++)
                if (part->options[i].size > board->flash_size ||
                    !function(board, file, part->options[i].start, buffer, part->options[i].size))
                        return -EBADMSG;
        return 0;
}

static int load(struct board *board, const char *path) {
        _cleanup_fclose_ FILE *file = fopen(path, "re");

        if (!file)
                return -errno;
        virtual_power_off(board->chip, board_tick(board));
        int r = for_each_range(board, file, load_range);
        virtual_power_on(board->chip, board_tick(board));
        return r;
}

static int save(struct board *board, const char *path) {
        _cleanup_fclose_ FILE *file = fopen(path, "we");

        if (!file)
                return -errno;
        virtual_power_off(board->chip, board_tick(board));
        int r = for_each_range(board, file, save_range);
        if (r < 0)
                return r;
        return fflush(file) == 0 && fsync(fileno(file)) == 0 ? 0 : -errno;
}

static volatile sig_atomic_t stopped;

static void stop(int signal) {
        (void)signal;
        stopped = 1;
}

static void hold_signals(void) {
        sigset_t held;

        (void)sigemptyset(&held);
        (void)sigaddset(&held, SIGTERM);
        (void)sigaddset(&held, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &held, NULL);
        (void)signal(SIGTERM, stop);
        (void)signal(SIGINT, stop);
        (void)signal(SIGPIPE, SIG_IGN);
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
}

int board_init(struct board *board, char *const *argv) {
        const char *part = args_get(argv, "part"), *size = args_get(argv, "flash");
        const char *path = args_get(argv, "load"), *seed = args_get(argv, "seed");
        const struct chip *row = chip_by_name(part ?: "STM32F405");
        uint64_t flash_size = 0;
        int r;

        hold_signals();
        if (!row || (size && (parse_size(size, &flash_size) < 0 || flash_size > row->flash_size)))
                return -EINVAL;
        *board = (struct board){
                .part = row,
                .flash_size = flash_size ? (uint32_t)flash_size : row->flash_size,
                .now = now(),
        };
        struct virtual_config config = {
                .chip = row,
                .flash_size = (uint32_t)flash_size,
                .seed = 1,
        };
        if (seed && parse_u64(seed, &config.seed) < 0)
                return -EINVAL;
        if ((r = virtual_new(&config, &board->chip)) < 0)
                return r;
        virtual_power_on(board->chip, board_tick(board));
        return path ? load(board, path) : 0;
}

void board_done(struct board *board) {
        board->chip = virtual_free(board->chip);
}

/* ---- pins ---- */

void board_set_lines(struct board *board, bool reset, bool boot0, bool boot1) {
        if (reset == board->reset && boot0 == board->boot0 && boot1 == board->boot1)
                return;
        board->edges++;
        board->reset = reset;
        board->boot0 = boot0;
        board->boot1 = boot1;
        virtual_set_lines(board->chip, board->now, reset, boot0, boot1);
        board_log(board, "lines: NRST %s, BOOT0 %s, BOOT1 %s", reset ? "low" : "high",
                  boot0 ? "high" : "low", boot1 ? "high" : "low");
}

void board_set_format(struct board *board, unsigned baud, bool even_parity) {
        if (baud == board->baud && even_parity == board->even_parity)
                return;
        board->baud = baud;
        board->even_parity = even_parity;
        virtual_set_format(board->chip, board->now, baud, even_parity);
        board_log(board, "format: %u 8%c1", baud, even_parity ? 'E' : 'N');
}

void board_send(struct board *board, const uint8_t *data, size_t size) {
        virtual_send(board->chip, board->now, data, size);
}

bool board_wait(struct board *board, struct pollfd *fds, size_t n_fds, uint64_t until) {
        uint64_t current = now(), next = MIN(until, virtual_next_time(board->chip));
        uint64_t left = next > current ? next - current : 0;
        struct timespec ts = {
                .tv_sec = (time_t)(left / USEC_PER_SEC),
                .tv_nsec = (long)(left % USEC_PER_SEC * 1000),
        };
        sigset_t none;

        (void)sigemptyset(&none);
        if (ppoll(fds, n_fds, next == USEC_INFINITY ? NULL : &ts, &none) < 0)
                for (size_t i = 0; i < n_fds; i++)
                        fds[i].revents = 0;
        return !stopped;
}

/* ---- commands ---- */

static void print_state(struct board *board, FILE *out) {
        static const char *const names[] = {
                [VIRTUAL_OFF] = "off",           [VIRTUAL_IN_RESET] = "in-reset",
                [VIRTUAL_STARTING] = "starting", [VIRTUAL_ROM] = "rom",
                [VIRTUAL_RUNNING] = "running",   [VIRTUAL_HUNG] = "hung",
        };
        enum virtual_state state = virtual_state(board->chip, board->now);

        if (state == VIRTUAL_RUNNING)
                fprintf(out, "running 0x%08x\n", virtual_running_from(board->chip));
        else
                fprintf(out, "%s\n", names[state]);
}

static void print_counters(const struct board *board, FILE *out) {
        const struct virtual_counters *c = virtual_counters(board->chip);

        fprintf(out,
                "resets=%u\nexchanges=%u\nnacks=%u\npage_erases=%u\nmass_erases=%u\n"
                "units_programmed=%u\noverprogrammed=%u\nframe_errors=%u\nsent_while_busy=%u\n"
                "option_torn=%u\nedges=%llu\n",
                c->resets, c->exchanges, c->nacks, c->page_erases, c->mass_erases,
                c->units_programmed, c->overprogrammed, c->frame_errors, c->sent_while_busy,
                c->option_torn, (unsigned long long)board->edges);
}

static int read_memory(struct board *board, const char *address_text, const char *size_text,
                       FILE *out) {
        uint32_t address;
        uint64_t wanted;

        if (!address_text || !size_text || parse_u32(address_text, &address) < 0 ||
            parse_size(size_text, &wanted) < 0 || wanted == 0 || wanted > board->flash_size)
                return -EINVAL;

        size_t size = (size_t)wanted;
        _cleanup_free_ uint8_t *buffer = malloc(size);
        if (!buffer)
                return -ENOMEM;
        if (!virtual_peek(board->chip, address, buffer, size))
                return -EFAULT;
        (void)fwrite(buffer, size, 1, out);
        return 0;
}

static int write_memory(struct board *board, const char *address_text, char **rest) {
        uint32_t address, value;

        if (!address_text || parse_u32(address_text, &address) < 0)
                return -EINVAL;
        for (const char *word; (word = strtok_r(NULL, " ", rest)); address++) {
                if (parse_u32(word, &value) < 0 || value > UINT8_MAX)
                        return -EINVAL;
                if (!virtual_poke(board->chip, address, &(uint8_t){ (uint8_t)value }, 1))
                        return -EFAULT;
        }
        return 0;
}

static int add_fault(struct board *board, const char *type, const char *at, const char *detail) {
        static const char *const names[] = {
                [VIRTUAL_FAULT_LOSE_TO_CHIP] = "lose-to-chip",
                [VIRTUAL_FAULT_LOSE_TO_HOST] = "lose-to-host",
                [VIRTUAL_FAULT_NACK] = "nack",
                [VIRTUAL_FAULT_STALL] = "stall",
                [VIRTUAL_FAULT_RESET] = "reset",
                [VIRTUAL_FAULT_DEAD] = "dead",
                [VIRTUAL_FAULT_WRITE_LOST] = "write-lost",
                [VIRTUAL_FAULT_POWER] = "power",
        };
        struct virtual_fault fault = { 0 };

        if (!type || !at || parse_u64(at, &fault.at) < 0 ||
            (detail && parse_u32(detail, &fault.detail) < 0))
                return -EINVAL;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (names[i] && strcmp(names[i], type) == 0) {
                        fault.type = (enum virtual_fault_type)i;
                        return virtual_add_fault(board->chip, &fault);
                }
        return -EINVAL;
}

static int set_power(struct board *board, const char *how) {
        bool off = how && (strcmp(how, "off") == 0 || strcmp(how, "cycle") == 0);
        bool on = how && (strcmp(how, "on") == 0 || strcmp(how, "cycle") == 0);

        if (!off && !on)
                return -EINVAL;
        if (off)
                virtual_power_off(board->chip, board->now);
        if (on)
                virtual_power_on(board->chip, board->now);
        return 0;
}

bool board_command(struct board *board, char *command, FILE *out) {
        char *rest, *verb = strtok_r(command, " ", &rest);
        int r = 0;

        if (!verb)
                return false;
        (void)board_tick(board);
        if (strcmp(verb, "state") == 0) {
                print_state(board, out);
        } else if (strcmp(verb, "counters") == 0) {
                print_counters(board, out);
        } else if (strcmp(verb, "format") == 0) {
                fprintf(out, "%u 8%c1\n", board->baud, board->even_parity ? 'E' : 'N');
        } else if (strcmp(verb, "read") == 0) {
                char *address = strtok_r(NULL, " ", &rest);
                r = read_memory(board, address, strtok_r(NULL, " ", &rest), out);
        } else if (strcmp(verb, "write") == 0) {
                r = write_memory(board, strtok_r(NULL, " ", &rest), &rest);
        } else if (strcmp(verb, "fault") == 0) {
                char *type = strtok_r(NULL, " ", &rest), *at = strtok_r(NULL, " ", &rest);
                r = add_fault(board, type, at, strtok_r(NULL, " ", &rest));
        } else if (strcmp(verb, "power") == 0) {
                r = set_power(board, strtok_r(NULL, " ", &rest));
        } else if (strcmp(verb, "save") == 0) {
                char *path = strtok_r(NULL, " ", &rest);
                r = path ? save(board, path) : -EINVAL;
        } else {
                return false;
        }
        if (r < 0)
                fprintf(out, "error: %s\n", strerror(-r));
        return true;
}
