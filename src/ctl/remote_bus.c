/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "ctl/remote_bus.h"
#include "util/cleanup.h"

/* A terminal sends its SIGINT to ssh as well; ssh leaves it ignored if it was so before. */
#define SCRIPT "trap '' INT; exec ssh -xT \"$@\""

static void print_argument(FILE *file, unsigned *index, const char *text, size_t size) {
        (void)fprintf(file, ",argv%u=", (*index)++);
        for (size_t i = 0; i < size; i++)
                if (isalnum((unsigned char)text[i]) || strchr("-_/.\\*", text[i]))
                        (void)fputc(text[i], file);
                else
                        (void)fprintf(file, "%%%02x", (unsigned char)text[i]);
}

/* One colon stands before a port; several are an IPv6 address. */
static const char *find_port(const char *host) {
        const char *colon = strchr(host, ':');

        return colon && !strchr(colon + 1, ':') ? colon + 1 : NULL;
}

char *remote_bus_address(const char *host) {
        const char *port = find_port(host);
        const char *const before[] = { "-c", SCRIPT, "sh" };
        unsigned index = 1;
        char *address;
        size_t size;
        FILE *file = open_memstream(&address, &size);

        if (!file)
                return NULL;
        (void)fputs("unixexec:path=sh", file);
        for (size_t i = 0; i < sizeof before / sizeof *before; i++)
                print_argument(file, &index, before[i], strlen(before[i]));
        if (port) {
                print_argument(file, &index, "-p", 2);
                print_argument(file, &index, port, strlen(port));
        }
        print_argument(file, &index, "--", 2);
        print_argument(file, &index, host, port ? (size_t)(port - 1 - host) : strlen(host));
        print_argument(file, &index, "systemd-stdio-bridge", strlen("systemd-stdio-bridge"));
        if (fclose(file) == 0)
                return address;
        free(address);
        return NULL;
}

static void bus_unrefp(sd_bus **bus) {
        sd_bus_unref(*bus);
}

int remote_bus_open(const char *host, sd_bus **ret) {
        _cleanup_(bus_unrefp) sd_bus *bus = NULL;
        _cleanup_free_ char *address = remote_bus_address(host);

        if (!address)
                return -ENOMEM;
        int r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}
