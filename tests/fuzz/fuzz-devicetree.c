/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Input: a tree, a line each entry, made in a directory and read.
 *
 *   soc/gpio@7e200000/phandle 00000007     a property, hexadecimal
 *   stmboot/label "motor                   one with text, and a NUL; \ is a NUL in between
 *   stmboot/loop >                         a link, to its own directory
 *   empty/                                 a node
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "hw/devicetree.h"
#include "util/cleanup.h"

#define LINES_MAX 200

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st, (void)type;
        return ftw->level == 0 ? 0 : remove(path);
}

/* In memory where that can be had. */
static const char *root_directory(void) {
        static char shared[] = "/dev/shm/fuzz-devicetree-XXXXXX";
        static char plain[] = P_tmpdir "/fuzz-devicetree-XXXXXX";
        static const char *root;

        if (!root)
                root = mkdtemp(shared) ?: mkdtemp(plain);
        PROMISED(root);
        return root;
}

__attribute__((destructor)) static void remove_root(void) {
        (void)nftw(root_directory(), remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        (void)rmdir(root_directory());
}

static void make_parents(int root, char *path) {
        for (char *slash = path; *slash && (slash = strchr(slash + 1, '/'));) {
                *slash = '\0';
                (void)mkdirat(root, path, 0700);
                *slash = '/';
        }
}

static size_t decode_text(char *text) {
        size_t n = 0;

        for (; text[n]; n++)
                if (text[n] == '\\')
                        text[n] = '\0';
        return n + 1;
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place. */
static size_t decode_hex(char *text) {
        size_t n = 0;

        for (const char *p = text; hex_digit(p[0]) >= 0 && hex_digit(p[1]) >= 0; p += 2)
                text[n++] = (char)(hex_digit(p[0]) << 4 | hex_digit(p[1]));
        return n;
}

/* Stays below the root: no line leads up, and links lead nowhere else. */
static void make_entry(int root, char *line) {
        _cleanup_close_ int fd = -1;
        char *value = strchr(line, ' ');

        if (line[0] == '\0' || line[0] == '/' || strstr(line, ".."))
                return;
        if (value)
                *value++ = '\0';
        make_parents(root, line);
        if (!value || line[0] == '\0')
                return;
        if (value[0] == '>') {
                (void)symlinkat(".", root, line);
                return;
        }
        size_t size = value[0] == '"' ? decode_text(++value) : decode_hex(value);
        fd = openat(root, line, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
                (void)!write(fd, value, size);
}

static void check_target(const struct devicetree_target *target) {
        PROMISED(target->node[0] == '/' && strlen(target->node) < sizeof(target->node));
        PROMISED(strlen(target->name) < sizeof(target->name));
        if (target->error != 0) {
                PROMISED(target->error < 0 && target->property);
                return;
        }
        PROMISED(target->name[0] && strncmp(target->port, "of:/", 4) == 0);
        for (enum line line = 0; line < LINE_MAX_; line++) {
                const struct line_config *config = &target->lines.line[line];

                PROMISED(!config->wired ||
                         (strncmp(config->chip, "of:/", 4) == 0 && config->line[0]));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ struct devicetree_target *targets = NULL;
        _cleanup_free_ char *text = strndup((const char *)data, size);
        _cleanup_close_ int root = open(root_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        size_t n_targets = 0, n_lines = 0;
        char *rest = text;

        PROMISED(root >= 0 && text);
        for (char *line; (line = strsep(&rest, "\n")) && n_lines < LINES_MAX; n_lines++)
                make_entry(root, line);
        int r = devicetree_read(root_directory(), &targets, &n_targets);
        PROMISED(r == 0 || (r == -E2BIG && !targets));
        for (size_t i = 0; i < n_targets; i++)
                check_target(&targets[i]);
        PROMISED(nftw(root_directory(), remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
        return 0;
}
