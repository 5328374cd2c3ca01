/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "hw/port_name.h"
#include "hw/port_watch.h"
#include "util/cleanup.h"
#include "util/macro.h"

struct watched_port {
        struct watched_port *next;
        char *name;
        port_watch_handler handler;
        void *userdata;
        int status;
};

struct port_watch {
        struct hw_roots roots;
        int fd;
        struct watched_port *ports;
};

static void watched_port_free(struct watched_port *port) {
        free(port->name);
        free(port);
}

/* A directory that is not there cannot be followed, and is none of our errors. */
static void watch_directory(const struct port_watch *watch, const char *path) {
        (void)inotify_add_watch(watch->fd, path,
                                IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                        IN_ONLYDIR);
}

/* udev makes /dev/serial and what is below with the first port, and removes it with the last. */
static void watch_directories(const struct port_watch *watch) {
        static const char *const directories[] = { "", "/serial", "/serial/by-id",
                                                   "/serial/by-path" };

        for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
                char path[PATH_MAX];

                (void)snprintf(path, sizeof(path), "%s%s", watch->roots.dev, directories[i]);
                watch_directory(watch, path);
        }
}

static void watch_parent(const struct port_watch *watch, const char *name) {
        const char *slash = strrchr(name, '/');
        _cleanup_free_ char *parent = NULL;

        if (name[0] != '/' || slash == name)
                return;
        parent = strndup(name, (size_t)(slash - name));
        if (parent)
                watch_directory(watch, parent);
}

static int port_status(const struct port_watch *watch, const char *name) {
        _cleanup_free_ char *path = NULL;

        int r = port_resolve(&watch->roots, name, &path);
        if (r < 0)
                return r;
        if (access(path, R_OK | W_OK) < 0)
                return errno == ENOENT ? -ENODEV : -EACCES;
        return 0;
}

int port_watch_new(const struct hw_roots *roots, struct port_watch **ret) {
        struct port_watch *watch = calloc(1, sizeof(*watch));

        if (!watch)
                return -ENOMEM;
        watch->roots = *roots;
        watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (watch->fd < 0) {
                int r = -errno;
                free(watch);
                return r;
        }
        watch_directories(watch);
        *ret = watch;
        return 0;
}

struct port_watch *port_watch_free(struct port_watch *watch) {
        if (!watch)
                return NULL;
        for (struct watched_port *port = watch->ports, *next; port; port = next) {
                next = port->next;
                watched_port_free(port);
        }
        (void)close(watch->fd);
        free(watch);
        return NULL;
}

int port_watch_fd(const struct port_watch *watch) {
        return watch->fd;
}

int port_watch_add(struct port_watch *watch, const char *name, port_watch_handler handler,
                   void *userdata, int *ret_status) {
        struct watched_port *port = malloc(sizeof(*port));
        char *copy = strdup(name);

        if (!port || !copy) {
                free(port);
                free(copy);
                return -ENOMEM;
        }
        watch_parent(watch, name);
        *port = (struct watched_port){
                .next = watch->ports,
                .name = copy,
                .handler = handler,
                .userdata = userdata,
                .status = port_status(watch, name),
        };
        watch->ports = port;
        *ret_status = port->status;
        return 0;
}

void port_watch_remove(struct port_watch *watch, const void *userdata) {
        for (struct watched_port **link = &watch->ports; *link;) {
                struct watched_port *port = *link;

                if (port->userdata != userdata) {
                        link = &port->next;
                        continue;
                }
                *link = port->next;
                watched_port_free(port);
        }
}

int port_watch_dispatch(struct port_watch *watch) {
        char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
        ssize_t n;

        /* What happened does not matter: it is looked at anew, once for a burst of events. */
        while ((n = read(watch->fd, events, sizeof(events))) > 0)
                ;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
                return -errno;

        /* First the directories, so that nothing slips in between them and the look. */
        watch_directories(watch);
        for (struct watched_port *port = watch->ports; port; port = port->next) {
                int status = port_status(watch, port->name);

                if (status == port->status)
                        continue;
                port->status = status;
                port->handler(status, port->userdata);
        }
        return 0;
}
