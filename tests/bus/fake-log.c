/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fake-service.h"
#include "util/macro.h"

static void log_fd(int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return;
        (void)printf(" fd(%lld bytes%s)", (long long)st.st_size,
                     fcntl(fd, F_GET_SEALS) ==
                                     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
                             ? ", sealed"
                             : "");
}

static void log_value(sd_bus_message *m) {
        union {
                const char *s;
                uint64_t t;
                uint32_t u;
                int b;
        } value = { 0 };
        const char *contents;
        const void *bytes;
        size_t size;
        char type;

        (void)sd_bus_message_peek_type(m, &type, &contents);
        if (type == 'v') {
                (void)sd_bus_message_enter_container(m, 'v', contents);
                log_value(m);
                (void)sd_bus_message_exit_container(m);
        } else if (type == 'a' && strcmp(contents, "y") == 0) {
                (void)sd_bus_message_read_array(m, 'y', &bytes, &size);
                (void)printf("ay:%zu", size);
                for (size_t i = 0; i < MIN(size, (size_t)8); i++)
                        (void)printf(",%u", ((const uint8_t *)bytes)[i]);
        } else if (type == 'a') {
                (void)sd_bus_message_enter_container(m, 'a', contents);
                while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                        (void)sd_bus_message_read_basic(m, 's', &value);
                        (void)printf(" %s=", value.s);
                        log_value(m);
                        (void)sd_bus_message_exit_container(m);
                }
                (void)sd_bus_message_exit_container(m);
        } else {
                (void)sd_bus_message_read_basic(m, type, &value);
                if (type == 'h')
                        log_fd(value.b);
                else if (type == 's')
                        (void)printf("s:%s", value.s);
                else if (type == 't')
                        (void)printf("t:0x%" PRIx64, value.t);
                else if (type == 'u')
                        (void)printf("u:%u", value.u);
                else
                        (void)printf("%c:%d", type, value.b);
        }
}

void fake_log_call(sd_bus_message *m, const char *target) {
        char type;

        (void)printf("%s %s", sd_bus_message_get_member(m), target);
        while (sd_bus_message_peek_type(m, &type, NULL) > 0) {
                (void)putchar(' ');
                log_value(m);
        }
        (void)putchar('\n');
}
