/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "termios2.h"
#include "util/cleanup.h"

/* Does a process but this one have the port open? Root sees all of them. */
static bool is_open(const struct peer *peer) {
        char own[64], target[PATH_MAX];
        glob_t found = { 0 };
        bool open = false;

        (void)snprintf(own, sizeof(own), "/proc/%d/", getpid());
        if (glob("/proc/[0-9]*/fd/*", GLOB_NOSORT, NULL, &found) == 0)
                for (size_t i = 0; !open && i < found.gl_pathc; i++) {
                        ssize_t n = readlink(found.gl_pathv[i], target, sizeof(target) - 1);
                        target[n < 0 ? 0 : n] = '\0';
                        open = strcmp(target, peer->path) == 0 &&
                               strncmp(found.gl_pathv[i], own, strlen(own)) != 0;
                }
        globfree(&found);
        return open;
}

int peer_open(struct peer *peer, const char *path) {
        peer->path = path ? realpath(path, NULL) : NULL;
        if (!peer->path)
                return path ? -errno : -EINVAL;
        peer->events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (peer->events < 0 || inotify_add_watch(peer->events, peer->path, IN_OPEN | IN_CLOSE) < 0)
                return -errno;
        peer->listening = is_open(peer);
        return 0;
}

void peer_close(struct peer *peer) {
        closep(&peer->events);
        free(peer->path);
        peer->path = NULL;
}

static uint32_t take_events(const struct peer *peer) {
        char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
        uint32_t seen = 0;
        ssize_t n;

        while ((n = read(peer->events, buffer, sizeof(buffer))) > 0)
                for (char *p = buffer; p < buffer + n;) {
                        const struct inotify_event *event = (const void *)p;

                        seen |= event->mask;
                        p += sizeof(*event) + event->len;
                }
        return seen;
}

void peer_follow(struct peer *peer) {
        uint32_t seen = take_events(peer);

        if (seen & IN_CLOSE)
                peer->listening = is_open(peer);
        else if (seen & IN_OPEN)
                peer->listening = true;
}

/*
 * For a moment only: a port that stays open would keep what arrives while its user is away. Its
 * user may have made it exclusive; root may look all the same. What this itself does to the port is
 * taken from among the events: an opening, and a closing after no writing.
 */
int peer_format(struct peer *peer, unsigned *ret_baud, bool *ret_even_parity) {
        int r;

        peer_follow(peer);
        if (!peer->listening)
                return -ENOTCONN;
        int fd = open(peer->path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = tty_format(fd, ret_baud, ret_even_parity);
        (void)close(fd);
        if (take_events(peer) & IN_CLOSE_WRITE)
                peer->listening = is_open(peer);
        return r;
}
