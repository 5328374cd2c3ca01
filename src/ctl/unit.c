/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "ctl/exit_code.h"
#include "ctl/text.h"
#include "ctl/unit.h"

#define SYSTEMD_NAME    "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT    "org.freedesktop.systemd1.Unit"

static int report(const char *doing, const char *name, const sd_bus_error *error, int r) {
        complain("Cannot %s %s: %s", doing, name,
                 error->message && *error->message ? error->message : strerror(-r));
        return exit_code_of_error(error->name ?: "") == STMBOOT_EXIT_DENIED ? STMBOOT_EXIT_DENIED
                                                                            : STMBOOT_EXIT_OTHER;
}

/* "active", "inactive" ... A unit that there is not is an error. */
static int unit_state(struct client *client, const char *name, char **ret) {
        _cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *load_state = NULL;
        const char *path;

        int r = sd_bus_call_method(client->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                   "LoadUnit", &error, &reply, "s", name);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
                r = sd_bus_get_property_string(client->bus, SYSTEMD_NAME, path, SYSTEMD_UNIT,
                                               "LoadState", &error, &load_state);
        if (r >= 0 && strcmp(load_state, "not-found") == 0) {
                complain("Cannot stop %s: there is no such unit.", name);
                return STMBOOT_EXIT_OTHER;
        }
        if (r >= 0)
                r = sd_bus_get_property_string(client->bus, SYSTEMD_NAME, path, SYSTEMD_UNIT,
                                               "ActiveState", &error, ret);
        return r < 0 ? report("ask systemd for", name, &error, r) : STMBOOT_EXIT_DONE;
}

/* A job of systemd's. */
struct unit_job {
        char *path;
        char *result; /* NULL: it has not ended */
};

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        struct unit_job *job = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        (void)error;
        if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0 || !job->path ||
            strcmp(path, job->path) != 0)
                return 0;
        free(job->result);
        job->result = strdup(result);
        return 0;
}

static void slot_unrefp(sd_bus_slot **slot) {
        sd_bus_slot_unref(*slot);
}

static int wait_for(struct client *client, const struct unit_job *job,
                    const unsigned *interrupted) {
        unsigned before = *interrupted;

        while (!job->result && *interrupted == before) {
                int r = sd_event_run(client->event, UINT64_MAX);
                if (r < 0)
                        return r;
                if (sd_bus_is_open(client->bus) <= 0)
                        return -ECONNRESET;
        }
        return 0;
}

/* It sends signals only to those who ask, once. */
static int subscribe(struct client *client, sd_bus_error *ret_error) {
        int r = sd_bus_call_method(client->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                   "Subscribe", ret_error, NULL, NULL);

        if (r < 0 &&
            sd_bus_error_has_name(ret_error, "org.freedesktop.systemd1.AlreadySubscribed")) {
                sd_bus_error_free(ret_error);
                return 0;
        }
        return r;
}

/* Calls StartUnit or StopUnit and waits for the end of that job. */
static int change(struct client *client, const char *method, const char *doing, const char *name,
                  const unsigned *interrupted) {
        _cleanup_(slot_unrefp) sd_bus_slot *slot = NULL;
        _cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *path_copy = NULL;
        struct unit_job job = { 0 };
        const char *path;

        int r = sd_bus_match_signal(client->bus, &slot, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                    "JobRemoved", on_job_removed, &job);
        if (r < 0)
                return client_report_errno(r, "Cannot listen to systemd");
        r = subscribe(client, &error);
        if (r >= 0)
                r = sd_bus_call_method(client->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                       method, &error, &reply, "ss", name, "replace");
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return report(doing, name, &error, r);
        job.path = path_copy = strdup(path);
        if (!job.path)
                return client_report_errno(-ENOMEM, "Cannot go on");

        r = wait_for(client, &job, interrupted);
        _cleanup_free_ char *result = job.result;
        if (r < 0)
                return report(doing, name, &error, r);
        if (!result)
                return STMBOOT_EXIT_CANCELLED;
        if (strcmp(result, "done") != 0) {
                complain("Cannot %s %s: %s; 'systemctl status %s' may tell why.", doing, name,
                         result, name);
                return STMBOOT_EXIT_OTHER;
        }
        return STMBOOT_EXIT_DONE;
}

int unit_stop(struct client *client, const char *name, const unsigned *interrupted,
              bool *ret_was_active) {
        _cleanup_free_ char *state = NULL;

        int code = unit_state(client, name, &state);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        *ret_was_active = strcmp(state, "active") == 0 || strcmp(state, "activating") == 0 ||
                          strcmp(state, "reloading") == 0;
        if (!*ret_was_active)
                return STMBOOT_EXIT_DONE;
        return change(client, "StopUnit", "stop", name, interrupted);
}

int unit_start(struct client *client, const char *name, const unsigned *interrupted) {
        return change(client, "StartUnit", "start", name, interrupted);
}
