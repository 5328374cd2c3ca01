/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "boot/failure.h"
#include "boot/plan.h"
#include "daemon/error.h"
#include "daemon/file.h"
#include "daemon/job_image.h"
#include "util/cleanup.h"

static int read_error(const char *name, int r, sd_bus_error *ret_error) {
        switch (r) {
        case -EFBIG:
                return error_set(ret_error, ERROR_IMAGE_TOO_LARGE, "%s: more than %u MiB", name,
                                 STMBOOT_IMAGE_SIZE_MAX >> 20);
        case -EXDEV:
                return error_set(ret_error, ERROR_IMAGE_UNREADABLE,
                                 "%s: leads out of the firmware directory", name);
        case -ENOMEM:
                return r;
        default:
                return error_set(ret_error, ERROR_IMAGE_UNREADABLE, "%s: %s", name,
                                 file_strerror(r));
        }
}

/* ---- paths ---- */

#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* For kernels before 5.6, and sandboxes that know no openat2(): no link is followed at all. */
static int walk_beneath(int start, const char *path) {
        _cleanup_free_ char *rest = strdup(path);
        _cleanup_close_ int dir = -1;
        char *name, *state = NULL;

        if (!rest)
                return -ENOMEM;
        name = strtok_r(rest, "/", &state);
        while (name) {
                char *next = strtok_r(NULL, "/", &state);
                int flags = next ? O_PATH | O_DIRECTORY | O_CLOEXEC : READ_FLAGS;

                if (strcmp(name, "..") == 0)
                        return -EXDEV;
                int fd = openat(dir < 0 ? start : dir, name, flags | O_NOFOLLOW);
                if (fd < 0)
                        return errno == ELOOP ? -EXDEV : -errno;
                if (!next)
                        return fd;
                closep(&dir);
                dir = fd;
                name = next;
        }
        return -ENOENT;
}

static int open_beneath(const char *directory, const char *path) {
        struct open_how how = {
                .flags = READ_FLAGS,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
        };
        _cleanup_close_ int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (dir < 0)
                return -errno;
        long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
        if (fd >= 0)
                return (int)fd;
        return errno == ENOSYS || errno == EPERM ? walk_beneath(dir, path) : -errno;
}

/* What is left of an absolute path below this directory; NULL: it does not lie there. */
static const char *path_below(const char *directory, const char *path) {
        size_t length = strlen(directory);

        while (length > 1 && directory[length - 1] == '/')
                length--;
        if (strncmp(path, directory, length) != 0 || path[length] != '/')
                return NULL;
        path += length;
        return path + strspn(path, "/");
}

static int not_found(char *const *directories, const char *path, const char *where,
                     sd_bus_error *ret_error) {
        _cleanup_free_ char *list = NULL;
        size_t size;
        FILE *file = open_memstream(&list, &size);

        if (!file)
                return -ENOMEM;
        for (char *const *directory = directories; *directory; directory++)
                fprintf(file, "%s%s", directory == directories ? "" : ", ", *directory);
        if (fclose(file) != 0)
                return -ENOMEM;
        return error_set(ret_error, ERROR_IMAGE_UNREADABLE,
                         "%s: %s %s (FirmwareDirectories= in stmbootd.conf)", path, where,
                         *list ? list : "any directory");
}

int job_image_read_path(char *const *directories, const char *path, uint8_t **ret_data,
                        size_t *ret_size, sd_bus_error *ret_error) {
        char *const *all = directories;
        int result = 0;

        if (strlen(path) >= PATH_MAX)
                return error_set(ret_error, ERROR_IMAGE_UNREADABLE, "The path is too long");
        for (; *directories; directories++) {
                const char *relative = path[0] == '/' ? path_below(*directories, path) : path;

                if (!relative)
                        continue;

                _cleanup_close_ int fd = open_beneath(*directories, relative);
                if (fd >= 0) {
                        int r = file_read_fd(fd, STMBOOT_IMAGE_SIZE_MAX, ret_data, ret_size);
                        return r < 0 ? read_error(path, r, ret_error) : 0;
                }
                /* What is wrong with a file that is there says more than that another is not. */
                if (result == 0 || result == -ENOENT)
                        result = fd;
        }
        if (result == 0 || (result == -ENOENT && path[0] != '/'))
                return not_found(all, path, result == 0 ? "not beneath" : "not found in",
                                 ret_error);
        return read_error(path, result, ret_error);
}

int job_image_read_trusted(const char *path, uint8_t **ret_data, size_t *ret_size,
                           sd_bus_error *ret_error) {
        int r = file_read(path, STMBOOT_IMAGE_SIZE_MAX, ret_data, ret_size);

        return r < 0 ? read_error(path, r, ret_error) : 0;
}

/* ---- fds ---- */

int job_image_read_fd(int fd, uint8_t **ret_data, size_t *ret_size, sd_bus_error *ret_error) {
        static const int needed = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
        int seals = fcntl(fd, F_GET_SEALS);

        if (seals < 0 || (seals & needed) != needed)
                return error_set(ret_error, ERROR_IMAGE_UNREADABLE,
                                 "The image is not a memfd sealed against writing, growing and "
                                 "shrinking");
        int r = file_read_fd(fd, STMBOOT_IMAGE_SIZE_MAX, ret_data, ret_size);
        return r < 0 ? read_error("The image", r, ret_error) : 0;
}

/* ---- contents ---- */

int job_image_parse(const char *name, const uint8_t *data, size_t size,
                    const struct image_options *options, struct image **ret,
                    sd_bus_error *ret_error) {
        struct image_error error;

        if (size > STMBOOT_IMAGE_SIZE_MAX)
                return read_error(name, -EFBIG, ret_error);

        int r = image_open(data, size, options, ret, &error);
        if (r <= 0)
                return r;
        if (error.line > 0)
                return error_set(ret_error, ERROR_IMAGE_INVALID, "%s:%zu: %s", name, error.line,
                                 error.reason);
        return error_set(ret_error, ERROR_IMAGE_INVALID, "%s: %s", name, error.reason);
}

bool job_image_has_options(const struct image *image, const struct chip *chip,
                           struct plan_error *ret_error) {
        for (size_t i = 0; i < image->n_segments; i++)
                for (size_t k = 0; k < CHIP_RANGES_MAX; k++) {
                        const struct image_segment *segment = &image->segments[i];
                        const struct chip_range *range = &chip->options[k];

                        if (range->size == 0 || segment->address - range->start >= range->size)
                                continue;
                        *ret_error = (struct plan_error){
                                .status = PLAN_OPTION_BYTES,
                                .address = segment->address,
                                .end = segment->address + segment->size,
                        };
                        return true;
                }
        return false;
}

static int check_chip(const struct image *image, const struct chip *chip, bool option_segments,
                      struct plan_error *ret_error) {
        _cleanup_(plan_freep) struct plan *plan = NULL;

        if (chip->unusable) /* the chip may be another of that name; the session says more */
                return 0;
        if (!option_segments && job_image_has_options(image, chip, ret_error))
                return PLAN_OPTION_BYTES;
        int r = plan_check_image(image, chip, 0, &plan, ret_error);
        return r == -EOPNOTSUPP ? 0 : r;
}

int job_image_check(const struct image *image, const char *target,
                    const struct target_config *config, bool option_segments,
                    sd_bus_error *ret_error) {
        struct session_failure failure = {
                .error = SESSION_DOES_NOT_FIT,
                .phase = SESSION_PHASE_IDENTIFY,
        };
        struct advice_context context = { .entry = &config->entry, .baud = config->baud };

        if (!config->chip_name)
                return 0;
        for (size_t i = 0; i < chip_table_size; i++) {
                if (!chip_name_fits(config->chip_name, &chip_table[i]))
                        continue;
                context.chip = &chip_table[i];
                int r = check_chip(image, &chip_table[i], option_segments, &failure.plan);
                if (r <= 0)
                        return r;
        }
        if (!context.chip)
                return 0;

        _cleanup_free_ char *text = failure_to_text(target, &failure, &context);
        return text ? error_set(ret_error, error_from_session(failure.error), "%s", text) : -ENOMEM;
}
