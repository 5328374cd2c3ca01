/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/macro.h"
#include "virtual-pty/options.h"
#include "virtual-pty/server.h"

DEFINE_CLEANUP(struct virtual_stm32, virtual_free);
DEFINE_CLEANUP(struct pty, pty_free);

static int complain(const char *what, int error) {
        fprintf(stderr, "stmboot-virtual: %s: %s\n", what, strerror(-error));
        return EXIT_FAILURE;
}

static uint32_t flash_size(const struct options *options) {
        return options->config.flash_size ? options->config.flash_size
                                          : options->config.chip->flash_size;
}

static int load_image(struct virtual_stm32 *chip, const struct options *options) {
        _cleanup_fclose_ FILE *file = fopen(options->image, "re");
        uint32_t address = options->config.chip->flash_start;
        uint8_t data[4096];
        size_t n;

        if (!file)
                return -errno;
        while ((n = fread(data, 1, sizeof(data), file)) > 0) {
                if (!virtual_poke(chip, address, data, n))
                        return -EFBIG;
                address += (uint32_t)n;
        }
        return ferror(file) ? -EIO : 0;
}

static int dump_flash(const struct virtual_stm32 *chip, const struct options *options) {
        _cleanup_fclose_ FILE *file = fopen(options->dump, "we");
        _cleanup_free_ uint8_t *data = malloc(flash_size(options));

        if (!file)
                return -errno;
        if (!data)
                return -ENOMEM;
        if (!virtual_peek(chip, options->config.chip->flash_start, data, flash_size(options)))
                return -EINVAL;
        if (fwrite(data, 1, flash_size(options), file) != flash_size(options) || fflush(file) != 0)
                return -EIO;
        return 0;
}

/* Opened for both directions: no end of file when a writer leaves. */
static int open_control(const char *path) {
        int fd;

        if (mkfifo(path, 0600) < 0)
                return -errno;
        fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* The chip as the options have it: its faults and what is in its flash. */
static int make_chip(const struct options *options, struct virtual_stm32 **ret) {
        _cleanup_(virtual_freep) struct virtual_stm32 *chip = NULL;
        const struct chip *row = options->config.chip;

        int r = virtual_new(&options->config, &chip);
        if (r == -EINVAL && row->unusable) {
                fprintf(stderr, "stmboot-virtual: %s: %s\n", row->name, row->unusable);
                return EXIT_FAILURE;
        }
        if (r < 0)
                return complain(r == -EINVAL ? "no such flash size" : row->name, r);
        for (size_t i = 0; i < options->n_faults; i++) {
                r = virtual_add_fault(chip, &options->faults[i]);
                if (r < 0)
                        return complain("faults", r);
        }
        if (options->image) {
                r = load_image(chip, options);
                if (r < 0)
                        return complain(options->image, r);
        }
        *ret = TAKE_PTR(chip);
        return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        _cleanup_(virtual_freep) struct virtual_stm32 *chip = NULL;
        _cleanup_(pty_freep) struct pty *pty = NULL;
        _cleanup_(client_clock_close) struct client_clock clock = {};
        _cleanup_close_ int control = -1;
        struct options options;

        int r = options_parse(argc, argv, &options);
        if (r != 0)
                return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        int code = make_chip(&options, &chip);
        if (code != EXIT_SUCCESS)
                return code;
        r = pty_open(options.link, &pty);
        if (r < 0)
                return complain(options.link ? options.link : "pseudo-terminal", r);
        if (options.client_clock) {
                r = client_clock_open(options.client_clock, &clock);
                if (r < 0)
                        return complain(options.client_clock, r);
        }
        if (options.control) {
                control = open_control(options.control);
                if (control < 0)
                        return complain(options.control, control);
        }

        printf("%s\n", pty_path(pty));
        (void)fflush(stdout);
        struct board board = {
                .chip = chip,
                .boot0 = options.boot0,
                .parity = options.parity,
        };
        r = serve(&board, pty, &clock, control, options.baud);
        if (options.control)
                (void)unlink(options.control);
        if (r < 0)
                return complain(pty_path(pty), r);

        if (options.dump) {
                r = dump_flash(chip, &options);
                if (r < 0)
                        return complain(options.dump, r);
        }
        return EXIT_SUCCESS;
}
