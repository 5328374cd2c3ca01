/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "daemon.h"
#include "limit.h"
#include "table.h"
#include "util/macro.h"

#define TRIES 3

/* A row: the best times, microseconds. */
struct row {
        const char *name;
        const struct chip *chip;
        unsigned baud;
        bool verify;
        uint64_t limit, stmboot, stm32flash;
        double cpu; /* share of a processor that the daemon took */
};

static uint64_t now_usec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

static void best(uint64_t *time, uint64_t other) {
        if (*time == 0 || other < *time)
                *time = other;
}

static double ratio(uint64_t a, uint64_t b) {
        return (double)a / (double)b;
}

/* The last words of a log, behind its progress. */
static void tell_end(struct harness *harness, const char *log) {
        _cleanup_free_ char *text = harness_read(harness, log);
        const char *last = strrchr(text, '\r');

        fprintf(stderr, "%s: %s\n", log, last ? last + 1 : text);
}

/* It gives up where an answer is late, which a loaded machine brings about: no time, no failure. */
static bool run_stm32flash(struct bench *bench, struct row *row) {
        _cleanup_free_ char *tty = harness_path(bench->harness, "tty");
        _cleanup_free_ char *log = harness_path(bench->harness, "stm32flash.log");
        char baud[16];
        int status;

        snprintf(baud, sizeof(baud), "%u", row->baud);
        const char *argv[] = { "stm32flash", "-b", baud, "-w", bench->image,
                               "-g",         "0",  tty,  NULL, NULL };
        if (row->verify) {
                argv[7] = "-v";
                argv[8] = tty;
        }
        if (!board_start(&bench->board, row->chip))
                return false;

        uint64_t begin = now_usec();
        pid_t pid = start(argv, log, bench->shim);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        uint64_t time = now_usec() - begin;

        if (status != 0) {
                tell_end(bench->harness, "stm32flash.log");
                return board_stop(&bench->board, NULL);
        }
        best(&row->stm32flash, time);
        return board_stop(&bench->board, bench->image);
}

/* One job is both rows: the daemon always verifies. */
static bool run_stmboot(struct bench *bench, struct row *write, struct row *verify) {
        const char *target = "bench";
        struct timing timing;

        if (!board_start(&bench->board, verify->chip))
                return false;
        uint64_t cpu = daemon_cpu(bench->harness);
        bool done = daemon_flash(bench->harness, &target, 1, bench->image, verify->baud, &timing);
        cpu = daemon_cpu(bench->harness) - cpu;
        if (!board_stop(&bench->board, bench->image) || !done || timing.rate == 0)
                return false;
        best(&write->stmboot, timing.job - bench->size * USEC_PER_SEC / timing.rate);
        best(&verify->stmboot, timing.job);
        write->cpu = verify->cpu = ratio(cpu, timing.job);
        return true;
}

static bool keeps(const struct bench *bench, const struct row *row) {
        return row->stm32flash > 0 && ratio(row->limit, row->stmboot) >= bench->share_min &&
               ratio(row->stmboot, row->stm32flash) <= bench->slower_max;
}

void table_head(void) {
        printf("%-11s %6s  %-14s %7s  %7s %6s %5s  %10s %6s  %18s\n", "chip", "baud", "", "limit",
               "stmboot", "share", "cpu", "stm32flash", "share", "stmboot/stm32flash");
}

static void print_row(struct bench *bench, const struct row *row, bool gated) {
        bool missed = gated && !keeps(bench, row);

        printf("%-11s %6u  %-14s %7.3f  %7.3f %6.3f %4.1f%%  %10.3f %6.3f  %18.3f%s\n", row->name,
               row->baud, row->verify ? "write + verify" : "write", (double)row->limit / 1e6,
               (double)row->stmboot / 1e6, ratio(row->limit, row->stmboot), 100 * row->cpu,
               (double)row->stm32flash / 1e6, ratio(row->limit, row->stm32flash),
               ratio(row->stmboot, row->stm32flash), missed ? "  MISSED" : "");
        (void)fflush(stdout);
        bench->misses += missed;
}

bool table_rows(struct bench *bench, const char *chip, unsigned baud, bool gated) {
        struct row write = { .name = chip, .chip = chip_by_name(chip), .baud = baud };
        struct row verify = write;

        assert_non_null(write.chip);
        verify.verify = true;
        write.limit = limit_usec(write.chip, bench->size, baud, false);
        verify.limit = limit_usec(write.chip, bench->size, baud, true);
        for (unsigned i = 0; i < TRIES; i++) {
                if (!run_stm32flash(bench, &verify) || !run_stmboot(bench, &write, &verify) ||
                    (!bench->quick && !run_stm32flash(bench, &write)))
                        return false;
                if (!gated || (keeps(bench, &verify) && (bench->quick || keeps(bench, &write))))
                        break;
        }
        if (!bench->quick)
                print_row(bench, &write, gated);
        print_row(bench, &verify, gated);
        return true;
}
