/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "stmboot/dbus.h"
#include "util/cleanup.h"

/*
 * The connection to stmbootd. What fails is reported on stderr here, once; every int that is
 * returned is an exit code (enum stmboot_exit), STMBOOT_EXIT_DONE for success.
 */

struct json_object;
struct options;

struct client {
        sd_bus *bus;
        sd_event *event;
        const struct options *options;
        bool remote; /* over ssh: no file descriptor passes */
};

int client_open(const struct options *options, struct client **ret);
struct client *client_free(struct client *client);
DEFINE_CLEANUP(struct client, client_free);

/* Says what a call's error or negative errno means and what to do, and returns its exit code. */
int client_report(const struct options *options, const sd_bus_error *error, int r);

/* "stmbootctl -H gateway": how to begin a command that reaches the same service. Static. */
const char *client_command(const struct options *options);

/* Out of memory, or another negative errno that has nothing to do with the service. */
int client_report_errno(int r, const char *doing);

/* A call to a method of the service, to be filled and sent. */
int client_new_call(struct client *client, const char *path, const char *interface,
                    const char *method, sd_bus_message **ret);

/* Sends it and waits. `ret` may be NULL. */
int client_send(struct client *client, sd_bus_message *call, sd_bus_message **ret);

/* All properties of an object, as JSON with keys in lower case. */
int client_get_all(struct client *client, const char *path, const char *interface,
                   struct json_object **ret);

/*
 * The target of this name, or, for NULL, the only one. *ret_path is freed by the caller;
 * client_target_name() finds the name in it.
 */
int client_find_target(struct client *client, const char *name, char **ret_path);
const char *client_target_name(const char *path);

/* Whether there is a target of this name; false, too, where the service does not answer. */
bool client_has_target(struct client *client, const char *name);

static inline void bus_message_unrefp(sd_bus_message **message) {
        sd_bus_message_unref(*message);
}

#define _cleanup_message_   _cleanup_(bus_message_unrefp)
#define _cleanup_bus_error_ _cleanup_(sd_bus_error_free)
