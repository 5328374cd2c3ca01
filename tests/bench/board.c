/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "util/cleanup.h"

#define TICK_NSEC 2000000
#define TICKS_MAX 2500

pid_t start(const char *const *argv, const char *log, const char *preload) {
        pid_t pid = fork();

        if (pid != 0)
                return pid;
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
        if (preload)
                (void)setenv("LD_PRELOAD", preload, 1);
        (void)execvp(argv[0], (char *const *)argv);
        _exit(127);
}

static char *path_of(const struct board *board, const char *name) {
        char *path;

        if (asprintf(&path, "%s/%s", board->dir, name) < 0)
                abort();
        return path;
}

static char *read_log(const struct board *board) {
        _cleanup_free_ char *path = path_of(board, "board.log");
        _cleanup_fclose_ FILE *file = fopen(path, "re");
        char *text = calloc(1, 4096);

        if (!text)
                abort();
        if (file)
                text[fread(text, 1, 4095, file)] = '\0';
        return text;
}

static bool await(const struct board *board, const char *words) {
        for (unsigned i = 0; i < TICKS_MAX; i++) {
                _cleanup_free_ char *log = read_log(board);

                if (strstr(log, words))
                        return true;
                (void)nanosleep(&(struct timespec){ .tv_nsec = TICK_NSEC }, NULL);
        }
        _cleanup_free_ char *log = read_log(board);
        fprintf(stderr, "stmboot-virtual is not \"%s\": %s\n", words, log);
        return false;
}

bool board_start(struct board *board, const struct chip *chip) {
        _cleanup_free_ char *log = path_of(board, "board.log"), *pty = NULL, *dump = NULL,
                            *clock = NULL;
        char id[8];

        if (asprintf(&pty, "--pty=%s/tty", board->dir) < 0 ||
            asprintf(&dump, "--dump=%s/flash.bin", board->dir) < 0 ||
            asprintf(&clock, "--client-clock=%s", board->clock) < 0)
                abort();
        snprintf(id, sizeof(id), "0x%04x", chip->id);
        const char *argv[] = { board->program, pty, dump, clock, id, NULL };
        (void)unlink(log); /* what the last chip said */
        board->pid = start(argv, log, NULL);
        return board->pid > 0 && await(board, "in the ROM");
}

static bool same_contents(const char *path, const char *image) {
        _cleanup_fclose_ FILE *a = fopen(path, "re"), *b = fopen(image, "re");
        int byte;

        if (!a || !b)
                return false;
        while ((byte = fgetc(b)) != EOF)
                if (fgetc(a) != byte)
                        return false;
        return true;
}

bool board_stop(struct board *board, const char *image) {
        _cleanup_free_ char *dump = path_of(board, "flash.bin");
        bool runs = !image || await(board, "running from 0x08000000");

        (void)kill(board->pid, SIGTERM);
        (void)waitpid(board->pid, NULL, 0);
        board->pid = 0;
        if (image && !same_contents(dump, image)) {
                fprintf(stderr, "the flash does not hold the image\n");
                return false;
        }
        return runs;
}
