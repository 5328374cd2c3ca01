/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/image_file.h"
#include "ctl/options.h"
#include "ctl/text.h"
#include "util/io.h"

/* dbus-daemon takes messages of up to 32 MiB on a system bus (max_message_size in system.conf). */
#define DATA_MAX (31U << 20)

#define OPTION_BYTES_MAX 4096

static int report_file(const char *file, int r) {
        complain("Cannot read %s: %s.", strcmp(file, "-") == 0 ? "standard input" : file,
                 strerror(-r));
        return STMBOOT_EXIT_IMAGE;
}

static int open_file(const char *file, int *ret) {
        int fd = strcmp(file, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                        : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return report_file(file, -errno);
        *ret = fd;
        return STMBOOT_EXIT_DONE;
}

/* Copies up to `limit` bytes; -EFBIG: there are more. */
static int copy(int from, int to, size_t limit, size_t *ret_size) {
        uint8_t buffer[16384];
        size_t size = 0;

        for (;;) {
                ssize_t n = read(from, buffer, sizeof buffer);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                if ((size_t)n > limit - size)
                        return -EFBIG;
                int r = io_write_all(to, buffer, (size_t)n);
                if (r < 0)
                        return r;
                size += (size_t)n;
        }
        *ret_size = size;
        return 0;
}

/* The whole file in a sealed memfd. */
static int load(const char *file, size_t limit, int *ret_fd, size_t *ret_size) {
        _cleanup_close_ int from = -1, memfd = -1;
        size_t size;

        int code = open_file(file, &from);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        memfd = memfd_create("stmboot-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (memfd < 0)
                return client_report_errno(-errno, "Cannot make a memfd");
        int r = copy(from, memfd, limit, &size);
        if (r == -EFBIG) {
                char most[TEXT_NUMBER_MAX];

                text_size(limit, most);
                complain("%s is too large: at most %s can be given to the service%s.", file, most,
                         limit == DATA_MAX ? " through ssh" : "");
                return STMBOOT_EXIT_IMAGE;
        }
        if (r < 0)
                return report_file(file, r);
        if (size == 0) {
                complain("%s is empty.", strcmp(file, "-") == 0 ? "Standard input" : file);
                return STMBOOT_EXIT_IMAGE;
        }
        if (fcntl(memfd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return client_report_errno(-errno, "Cannot seal a memfd");
        *ret_fd = TAKE_FD(memfd);
        *ret_size = size;
        return STMBOOT_EXIT_DONE;
}

static int append_data(sd_bus_message *call, int fd, size_t size) {
        const void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

        if (data == MAP_FAILED)
                return -errno;
        int r = sd_bus_message_append_array(call, 'y', data, size);
        (void)munmap((void *)data, size);
        return r;
}

int image_file_new_call(struct client *client, const char *path, const char *interface,
                        const char *method, const char *file, sd_bus_message **ret) {
        _cleanup_message_ sd_bus_message *call = NULL;
        _cleanup_close_ int fd = -1;
        bool by_path = client->options->on_gateway;
        size_t size = 0;
        char name[64];

        if (!by_path) {
                int code =
                        load(file, client->remote ? DATA_MAX : STMBOOT_IMAGE_SIZE_MAX, &fd, &size);
                if (code != STMBOOT_EXIT_DONE)
                        return code;
        }
        (void)snprintf(name, sizeof name, "%s%s", method,
                       by_path          ? ""
                       : client->remote ? "Data"
                                        : "Fd");
        int code = client_new_call(client, path, interface, name, &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;

        int r;
        if (by_path)
                r = sd_bus_message_append(call, "s", file);
        else if (client->remote)
                r = append_data(call, fd, size);
        else
                r = sd_bus_message_append(call, "h", fd);
        if (r < 0)
                return client_report_errno(r, "Cannot make a call");
        *ret = TAKE_PTR(call);
        return STMBOOT_EXIT_DONE;
}

int image_file_find_target(struct client *client, enum verb_id verb, char **args, size_t n_args,
                           char **ret_path) {
        const char *image = args[n_args - 1];

        if (n_args == 1 && !client->options->on_gateway && access(image, F_OK) < 0 &&
            client_has_target(client, image)) {
                complain("'%s' is a target; which image? Usage: stmbootctl %s %s", image,
                         verb_table[verb].name, verb_table[verb].args);
                return STMBOOT_EXIT_USAGE;
        }
        return client_find_target(client, n_args > 1 ? args[0] : NULL, ret_path);
}

int image_file_bytes(const char *hex_or_file, uint8_t **ret, size_t *ret_size) {
        _cleanup_close_ int fd = -1;
        _cleanup_free_ uint8_t *bytes = NULL;
        size_t size;

        int r = text_parse_hex(hex_or_file, ret, ret_size);
        if (r >= 0)
                return STMBOOT_EXIT_DONE;
        if (r == -ENOMEM)
                return client_report_errno(r, "Cannot go on");
        if (strcmp(hex_or_file, "-") != 0 && access(hex_or_file, F_OK) < 0) {
                complain("'%s' is neither pairs of hexadecimal digits nor a file: %s.", hex_or_file,
                         strerror(errno));
                return STMBOOT_EXIT_IMAGE;
        }

        int code = load(hex_or_file, OPTION_BYTES_MAX, &fd, &size);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        bytes = malloc(size);
        if (!bytes)
                return client_report_errno(-ENOMEM, "Cannot go on");
        if (pread(fd, bytes, size, 0) != (ssize_t)size)
                return report_file(hex_or_file, -EIO);
        *ret = TAKE_PTR(bytes);
        *ret_size = size;
        return STMBOOT_EXIT_DONE;
}
