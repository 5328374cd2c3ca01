/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The daemon against stm32flash, in turn, on the same virtual STM32 behind a pseudo-terminal with
 * wire time on. Each starts with a chip as delivered that sits in its ROM, neither has boot lines,
 * both find out what chip it is, erase the pages of the image, write it, and start it with Go. What
 * is timed is the whole of it: the process of stm32flash, the job of the daemon.
 *
 * stm32flash verifies if asked to, each block after its writing. The daemon always does, in one
 * pass at the end, so its "write" is its job less the reading back. stm32flash erases everything at
 * one stroke if the image ends where the flash does, so the chips are larger than the image; what
 * this does to others is shown at the end of the table, and is no miss.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon.h"
#include "limit.h"
#include "machine.h"
#include "table.h"
#include "util/macro.h"

#define FAST_BAUD 921600

/* With so much of the machine taken by others, what a wire would do cannot be told. */
#define OTHERS_MAX 0.25

static const char *const chips[] = { "STM32F103xE", "STM32F407", "STM32G0B1" };
static const char *const filled_chips[] = { "STM32F103xB", "STM32G071" };
static const unsigned slow_bauds[] = { 460800, 115200 };

static bool all_rows(struct bench *bench) {
        table_head();
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++)
                if (!table_rows(bench, chips[i], FAST_BAUD, true))
                        return false;
        if (bench->quick)
                return true;
        for (size_t k = 0; k < ARRAY_SIZE(slow_bauds); k++)
                for (size_t i = 0; i < ARRAY_SIZE(chips); i++)
                        if (!table_rows(bench, chips[i], slow_bauds[k], true))
                                return false;
        printf("erased at one stroke by stm32flash, page by page by the daemon:\n");
        for (size_t i = 0; i < ARRAY_SIZE(filled_chips); i++)
                if (!table_rows(bench, filled_chips[i], FAST_BAUD, false))
                        return false;
        return true;
}

static bool compare(struct bench *bench) {
        struct harness *harness = bench->harness;

        harness_write(harness, "config/targets.d/bench.conf", "[Serial]\nPort=%s/tty\n",
                      harness->dir);
        harness_start(harness);
        unsigned long idle = daemon_memory(harness, "VmRSS");
        bool done = all_rows(bench);
        unsigned long most = daemon_memory(harness, "VmHWM");

        assert_int_equal(harness_stop(harness, SIGTERM), 0);
        printf("memory of the daemon: idle %lu KiB, at work at most %lu KiB (goal: under 6144)\n",
               idle, most);
        return done;
}

/* Eight chips inside the daemon, on its one loop. */
static bool measure_many(struct bench *bench) {
        static const char *const names[] = { "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8" };
        struct timing timing[ARRAY_SIZE(names)];
        uint64_t longest = 0;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                char file[64];

                const char *chip = chips[i % ARRAY_SIZE(chips)];

                snprintf(file, sizeof(file), "config/targets.d/%s.conf", names[i]);
                harness_write(bench->harness, file,
                              "[Target]\nChip=%s\n[Serial]\nPort=virtual:%s\n", chip, chip);
        }
        harness_start(bench->harness);
        bool done = daemon_flash(bench->harness, names, ARRAY_SIZE(names), bench->image, FAST_BAUD,
                                 timing);
        uint64_t cpu = daemon_cpu(bench->harness);

        assert_int_equal(harness_stop(bench->harness, SIGTERM), 0);
        if (!done)
                return false;
        printf("%zu virtual targets at once at %u, shares of the limit:", ARRAY_SIZE(names),
               FAST_BAUD);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct chip *chip = chip_by_name(chips[i % ARRAY_SIZE(chips)]);

                longest = MAX(longest, timing[i].job);
                printf(" %.3f", (double)limit_usec(chip, bench->size, FAST_BAUD, true) /
                                        (double)timing[i].job);
        }
        printf("; processor %.1f%%, the chips included\n", 100 * (double)cpu / (double)longest);
        return true;
}

static bool run(struct bench *bench) {
        _cleanup_free_ char *directory = strdup(bench->image);

        assert_non_null(directory);
        *strrchr(directory, '/') = '\0';
        harness_write(bench->harness, "config/stmbootd.conf", "[Manager]\nFirmwareDirectories=%s\n",
                      directory);
        return compare(bench) && (bench->quick || measure_many(bench));
}

/* Both clients run with the shim, and the chip learns from it when they write. */
static struct harness *prepare(const char *daemon, const char *shim, char **ret_clock) {
        static const uint64_t never = 0;
        _cleanup_free_ char *wrapper = NULL;
        void *state = NULL;

        assert_true(asprintf(&wrapper, "env LD_PRELOAD=%s", shim) > 0);
        assert_return_code(setenv("STMBOOTD", daemon, 1), errno);
        assert_return_code(setenv("STMBOOTD_WRAPPER", wrapper, 1), errno);
        assert_int_equal(harness_setup(&state), 0);
        harness_write_bytes(state, "clock", &never, sizeof(never));
        *ret_clock = harness_path(state, "clock");
        assert_return_code(setenv("PTY_SHIM_CLOCK", *ret_clock, 1), errno);
        return state;
}

int main(int argc, char **argv) {
        bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
        _cleanup_free_ char *shim = NULL, *image = NULL, *clock = NULL;
        struct stat st;

        argv += quick;
        argc -= quick;
        if (argc == 5) {
                shim = realpath(argv[3], NULL);
                image = realpath(argv[4], NULL);
        }
        if (!shim || !image || stat(image, &st) < 0) {
                fprintf(stderr, "bench [--quick] STMBOOTD STMBOOT-VIRTUAL PTY-SHIM IMAGE\n");
                return 2;
        }
        if (system("command -v stm32flash >/dev/null") != 0) {
                printf("SKIP: stm32flash is not installed (Debian package stm32flash)\n");
                return 77;
        }

        if (!machine_stay_awake())
                printf("without /dev/cpu_dma_latency: each turn waits for a processor to wake\n");
        struct others others = others_begin();
        struct harness *harness = prepare(argv[1], shim, &clock);
        struct bench bench = {
                .harness = harness,
                .board = { .program = argv[2], .dir = harness->dir, .clock = clock },
                .shim = shim,
                .image = image,
                .size = (size_t)st.st_size,
                .quick = quick,
                /* By hand, on a machine at rest: the goals. Half a hundredth is what identity,
                 * option bytes and the head cost, which stm32flash does not look at. In CI, beside
                 * whatever else runs there: no more than what no load explains. That the
                 * conversation itself keeps 0.995 of the limit is test-limit.c's, on a virtual
                 * clock, in each run. */
                .share_min = quick ? 0.50 : 0.97,
                .slower_max = quick ? 1.30 : 1.005,
        };
        bool done = run(&bench);
        void *state = harness;
        (void)harness_teardown(&state);
        double share = others_share(&others);

        printf("others took %.0f%% of the processors meanwhile\n", 100 * share);
        if (done && bench.misses > 0 && quick && share > OTHERS_MAX) {
                printf("SKIP: the machine is busy with other work: the misses are not judged\n");
                return 77;
        }
        return !done || bench.misses > 0;
}
