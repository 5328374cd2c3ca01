/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hw/device.h"

/*
 * Follows ports as they come and go. By inotify on /dev and not by udev's netlink events, since
 * those do not reach a service with PrivateNetwork= (systemd.exec(5)); the change of permissions
 * that makes a new node usable is seen, too.
 */

struct port_watch;

/*
 * `status`: 0 - the port is there and may be opened; -ENODEV - it is not there; -EACCES - it is
 * there and not ours to open; -ENOTUNIQ - the name fits several; -EINVAL - it is no port's name.
 */
typedef void (*port_watch_handler)(int status, void *userdata);

int port_watch_new(const struct hw_roots *roots, struct port_watch **ret);

/* Takes NULL; returns NULL. */
struct port_watch *port_watch_free(struct port_watch *watch);

/* To poll for EPOLLIN, which asks for a call of port_watch_dispatch(). */
int port_watch_fd(const struct port_watch *watch);

/*
 * Follows `name`, any that port_open_serial() takes, and calls `handler` out of
 * port_watch_dispatch() at each change. Returns 0 and the status of now; -ENOMEM.
 */
int port_watch_add(struct port_watch *watch, const char *name, port_watch_handler handler,
                   void *userdata, int *ret_status);

/* Follows no more what was added with this `userdata`. Not for use inside a handler. */
void port_watch_remove(struct port_watch *watch, const void *userdata);

/* Calls the handlers of the ports that changed. Returns 0 or negative errno. */
int port_watch_dispatch(struct port_watch *watch);
