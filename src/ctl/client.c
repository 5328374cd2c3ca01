/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/exit_code.h"
#include "ctl/message_json.h"
#include "ctl/options.h"
#include "ctl/remote_bus.h"
#include "ctl/text.h"
#include "util/target_name.h"

#define CALL_TIMEOUT        (60 * USEC_PER_SEC)
#define REMOTE_CALL_TIMEOUT (10 * CALL_TIMEOUT) /* an image takes its time through ssh */

int client_report_errno(int r, const char *doing) {
        complain("%s: %s.", doing, strerror(-r));
        return exit_code_of_errno(r);
}

static bool is_own_error(const sd_bus_error *error) {
        return strncmp(error->name, STMBOOT_ERROR_PREFIX, strlen(STMBOOT_ERROR_PREFIX)) == 0;
}

/* Where the way to the service broke, what to look at next, and the exit code. */
static int report_connection(const struct options *options, const char *reason, int code) {
        const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");

        if (options->host)
                complain("No connection to stmbootd on %s: %s.\nA login there by ssh(1) must work, "
                         "and systemd-stdio-bridge be installed.",
                         options->host, code == STMBOOT_EXIT_NO_SERVICE ? "ssh has ended" : reason);
        else if (options->machine)
                complain("No connection to the system bus of container %s: %s.\n'machinectl list' "
                         "shows the containers that run.",
                         options->machine, reason);
        else if (address)
                complain("No connection to the bus that DBUS_SYSTEM_BUS_ADDRESS names, %s: %s.",
                         address, reason);
        else
                complain("No connection to the system bus: %s.\n'systemctl status dbus' may tell "
                         "why.",
                         reason);
        return code;
}

const char *client_command(const struct options *options) {
        static char *command;
        const char *where = options->host ?: options->machine;

        if (!where)
                return "stmbootctl";
        free(command);
        command = text_format("stmbootctl %s %s", options->host ? "-H" : "-M", where);
        return command ?: "stmbootctl";
}

int client_report(const struct options *options, const sd_bus_error *error, int r) {
        if (!error || !sd_bus_error_is_set(error))
                return report_connection(options, strerror(-r), exit_code_of_errno(r));

        int code = exit_code_of_error(error->name);
        const char *message = error->message && *error->message ? error->message : error->name;

        if (strncmp(error->name, "System.Error.", strlen("System.Error.")) == 0)
                return report_connection(options, message, code);
        if (sd_bus_error_has_name(error, STMBOOT_ERROR_PREFIX "NoSuchTarget"))
                complain("%s; '%s list' shows those that there are.", message,
                         client_command(options));
        else if (code == STMBOOT_EXIT_DENIED)
                complain("Permission denied. Only root and members of the group stmboot may do "
                         "this;\n'sudo usermod -aG stmboot USER' makes USER one at the next login. "
                         "(%s)",
                         message);
        else if (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY))
                complain("stmbootd did not answer: %s\n'journalctl -u stmbootd' may tell why.",
                         message);
        else if (code == STMBOOT_EXIT_NO_SERVICE && !is_own_error(error))
                complain(
                        "stmbootd cannot be reached: %s\n'systemctl status stmbootd' may tell why.",
                        message);
        else
                complain("%s", message);
        return code;
}

struct client *client_free(struct client *client) {
        if (!client)
                return NULL;
        sd_bus_flush_close_unref(client->bus);
        sd_event_unref(client->event);
        free(client);
        return NULL;
}

static int open_bus(const struct options *options, sd_bus **ret) {
        if (options->host)
                return remote_bus_open(options->host, ret);
        if (options->machine)
                return sd_bus_open_system_machine(ret, options->machine);
        return sd_bus_open_system(ret);
}

int client_open(const struct options *options, struct client **ret) {
        _cleanup_(client_freep) struct client *client = calloc(1, sizeof *client);

        if (!client)
                return client_report_errno(-ENOMEM, "Cannot start");
        client->options = options;
        client->remote = options->host != NULL;

        int r = open_bus(options, &client->bus);
        if (r < 0)
                return client_report(options, NULL, r);
        r = sd_event_new(&client->event);
        if (r < 0)
                return client_report_errno(r, "Cannot start");
        r = sd_bus_attach_event(client->bus, client->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return client_report_errno(r, "Cannot start");
        r = sd_bus_set_method_call_timeout(client->bus,
                                           client->remote ? REMOTE_CALL_TIMEOUT : CALL_TIMEOUT);
        if (r < 0)
                return client_report_errno(r, "Cannot start");
        *ret = TAKE_PTR(client);
        return STMBOOT_EXIT_DONE;
}

int client_new_call(struct client *client, const char *path, const char *interface,
                    const char *method, sd_bus_message **ret) {
        int r = sd_bus_message_new_method_call(client->bus, ret, STMBOOT_BUS_NAME, path, interface,
                                               method);
        return r < 0 ? client_report_errno(r, "Cannot make a call") : STMBOOT_EXIT_DONE;
}

int client_send(struct client *client, sd_bus_message *call, sd_bus_message **ret) {
        _cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        int r = sd_bus_call(client->bus, call, 0, &error, ret);
        return r < 0 ? client_report(client->options, &error, r) : STMBOOT_EXIT_DONE;
}

int client_get_all(struct client *client, const char *path, const char *interface,
                   struct json_object **ret) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;

        int code =
                client_new_call(client, path, "org.freedesktop.DBus.Properties", "GetAll", &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = sd_bus_message_append(call, "s", interface);
        if (r < 0)
                return client_report_errno(r, "Cannot make a call");
        code = client_send(client, call, &reply);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        r = message_to_json(reply, ret);
        return r < 0 ? client_report_errno(r, "Cannot read the answer") : STMBOOT_EXIT_DONE;
}

static int get_target(struct client *client, const char *name, char **ret_path) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        const char *path;

        if (!target_name_is_valid(name)) {
                complain("'%s' is not the name of a target; see '%s list'.", name,
                         client_command(client->options));
                return STMBOOT_EXIT_NO_SERVICE;
        }
        int code = client_new_call(client, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "GetTarget",
                                   &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = sd_bus_message_append(call, "s", name);
        if (r < 0)
                return client_report_errno(r, "Cannot make a call");
        code = client_send(client, call, &reply);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return client_report_errno(r, "Cannot read the answer");
        *ret_path = strdup(path);
        return *ret_path ? STMBOOT_EXIT_DONE : client_report_errno(-ENOMEM, "Cannot go on");
}

bool client_has_target(struct client *client, const char *name) {
        return target_name_is_valid(name) &&
               sd_bus_call_method(client->bus, STMBOOT_BUS_NAME, STMBOOT_PATH,
                                  STMBOOT_MANAGER_INTERFACE, "GetTarget", NULL, NULL, "s",
                                  name) >= 0;
}

/* Which target is meant if none is named, out of ListTargets' reply. */
static int pick_only_target(sd_bus_message *reply, char **ret_path) {
        _cleanup_free_ char *names = NULL, *only = NULL;
        const char *name, *path, *state;
        size_t n = 0;

        int r = sd_bus_message_enter_container(reply, 'a', "(sos)");
        if (r < 0)
                return client_report_errno(r, "Cannot read the answer");
        while ((r = sd_bus_message_read(reply, "(sos)", &name, &path, &state)) > 0) {
                char *more = text_format("%s%s%s", names ?: "", n > 0 ? ", " : "", name);

                free(names);
                names = more;
                if (!names || (n++ == 0 && !(only = strdup(path))))
                        return client_report_errno(-ENOMEM, "Cannot go on");
        }
        if (r < 0)
                return client_report_errno(r, "Cannot read the answer");
        if (n == 1) {
                *ret_path = TAKE_PTR(only);
                return STMBOOT_EXIT_DONE;
        }
        if (n == 0) {
                complain("There is no target. /etc/stmboot/targets.d/NAME.conf makes one; see "
                         "stmboot.conf(5).");
                return STMBOOT_EXIT_NO_SERVICE;
        }
        complain("Which target? There are: %s.", names);
        return STMBOOT_EXIT_USAGE;
}

int client_find_target(struct client *client, const char *name, char **ret_path) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;

        if (name)
                return get_target(client, name, ret_path);
        int code = client_new_call(client, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "ListTargets",
                                   &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_send(client, call, &reply);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        return pick_only_target(reply, ret_path);
}

const char *client_target_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}
