/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The main of the fuzzers where no engine is linked: runs each file of the corpus as it is, then
 * with a fixed number of changes that are the same in each run.
 *
 *   fuzz-NAME [-m N] FILE|DIRECTORY...
 *
 * -m N runs only the N-th variant (0: the file as it is), to look at a finding again.
 */

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "util/cleanup.h"
#include "util/macro.h"

#define VARIANTS 5000
#define GROWTH   64        /* bytes that a variant may be longer */
#define FILE_MAX (1 << 20) /* bytes; a corpus has small files */
#define CHANGES  4         /* at most, a variant */

static long only = -1; /* variant; -1: all */
static char running[512];

/* Says which input it was, after a sanitizer or a signal has had its say. */
static void report(void) {
        (void)!write(STDERR_FILENO, running, strlen(running));
}

static void on_signal(int number) {
        report();
        signal(number, SIG_DFL);
        raise(number);
}

__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static uint32_t draw(uint64_t *random, size_t below) {
        *random = *random * 6364136223846793005U + 1442695040888963407U;
        return (uint32_t)((*random >> 33) % below);
}

static size_t change(uint8_t *data, size_t size, uint64_t *random) {
        static const uint32_t numbers[] = { 0,          1,          4,          0x7f,
                                            0xff,       0x8000,     0xffff,     0x7fffffff,
                                            0x80000000, 0xfffffffc, 0xffff0000, 0xffffffff };
        size_t at = draw(random, size), from = draw(random, size);
        size_t room = size - MAX(at, from);
        size_t length = 1 + draw(random, MIN(room, (size_t)GROWTH / CHANGES));

        switch (draw(random, 7)) {
        case 0:
                data[at] = (uint8_t)(data[at] ^ 1 << draw(random, 8));
                return size;
        case 1:
                data[at] = (uint8_t)draw(random, 256);
                return size;
        case 2: /* a number of up to four bytes */
                memcpy(data + at, &numbers[draw(random, ARRAY_SIZE(numbers))],
                       MIN(length, sizeof(numbers[0])));
                return size;
        case 3: /* copied over */
                memmove(data + at, data + from, length);
                return size;
        case 4: /* copied in between */
                memmove(data + at + length, data + at, size - at);
                memmove(data + at, data + (from < at ? from : from + length), length);
                return size + length;
        case 5: /* taken out */
                if (length == size)
                        return size;
                memmove(data + at, data + at + length, size - at - length);
                return size - length;
        default: /* cut off */
                return at > 0 ? at : size;
        }
}

static void run(const char *path, const uint8_t *seed, size_t size, long variant) {
        static uint8_t buffer[FILE_MAX + GROWTH];
        _cleanup_free_ uint8_t *exact = NULL;
        uint64_t random = (uint64_t)variant * 0x9e3779b97f4a7c15 + size;

        snprintf(running, sizeof(running), "input: -m %ld %s\n", variant, path);
        memcpy(buffer, seed, size);
        if (variant > 0 && size > 0)
                for (uint32_t n = 1 + draw(&random, CHANGES); n > 0; n--)
                        size = change(buffer, size, &random);
        exact = malloc(size);
        if (size > 0 && !exact)
                abort();
        if (size > 0)
                memcpy(exact, buffer, size);
        (void)LLVMFuzzerTestOneInput(exact, size);
}

static int replay_file(const char *path) {
        static uint8_t seed[FILE_MAX];
        _cleanup_fclose_ FILE *file = fopen(path, "re");
        size_t size;

        if (!file) {
                fprintf(stderr, "%s: %s\n", path, strerror(errno));
                return -errno;
        }
        size = fread(seed, 1, sizeof(seed), file);
        if (ferror(file) || fgetc(file) != EOF) {
                fprintf(stderr, "%s: cannot be read, or too large\n", path);
                return -EFBIG;
        }
        for (long variant = 0; variant <= VARIANTS; variant++)
                if (only < 0 || only == variant)
                        run(path, seed, size, variant);
        return 0;
}

static int not_hidden(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

/* Adds the number of files to *n. */
static int replay(const char *path, unsigned *n) {
        struct dirent **entries;
        struct stat st;
        int r = 0;

        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
                ++*n;
                return replay_file(path);
        }

        int n_entries = scandir(path, &entries, not_hidden, alphasort);
        if (n_entries < 0)
                return -errno;
        for (int i = 0; i < n_entries; i++) {
                _cleanup_free_ char *below = NULL;

                if (r == 0 && asprintf(&below, "%s/%s", path, entries[i]->d_name) < 0)
                        abort();
                if (r == 0)
                        r = replay(below, n);
                free(entries[i]);
        }
        free(entries);
        return r;
}

int main(int argc, char **argv) {
        static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
        unsigned n = 0;
        int option;

        while ((option = getopt(argc, argv, "m:")) != -1) {
                if (option != 'm')
                        return 2;
                only = strtol(optarg, NULL, 10);
        }
        signal(SIGABRT, on_signal);
        signal(SIGTERM, on_signal);
        if (__sanitizer_set_death_callback)
                __sanitizer_set_death_callback(report);
        else
                for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
                        signal(crashes[i], on_signal);

        for (int i = optind; i < argc; i++)
                if (replay(argv[i], &n) < 0)
                        return 1;
        if (n == 0) {
                fprintf(stderr, "%s: no input\n", argv[0]);
                return 1;
        }
        printf("%u files, each as it is and in %d variants\n", n, VARIANTS);
        return 0;
}
