/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "ctl/client.h"
#include "ctl/jobs.h"
#include "ctl/message_json.h"
#include "ctl/monitor_text.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/text.h"
#include "ctl/verb.h"

struct monitor {
        struct client *client;
        const char *target;           /* NULL: all */
        struct json_object *jobs;     /* path: name of its target */
        struct monitor_filter filter; /* what was said last of each job */
};

static const char *event_target(const struct monitor *monitor, const char *path,
                                struct json_object *event) {
        if (*json_text(event, "target"))
                return json_text(event, "target");
        if (strncmp(path, STMBOOT_TARGET_PREFIX "/", strlen(STMBOOT_TARGET_PREFIX "/")) == 0)
                return client_target_name(path);
        return json_text(monitor->jobs, path);
}

static void add_time(struct json_object *event) {
        char text[64], zone[8];
        struct timespec now;
        struct tm tm;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        if (!localtime_r(&now.tv_sec, &tm))
                return;
        size_t n = strftime(text, sizeof text, "%FT%T", &tm);
        (void)strftime(zone, sizeof zone, "%z", &tm);
        (void)snprintf(text + n, sizeof text - n, ".%03ld%s", now.tv_nsec / 1000000, zone);
        json_add_text(event, "time", text);
}

static void tell(struct monitor *monitor, const char *target, struct json_object *event) {
        if (*target)
                json_add_text(event, "target", target);
        if (monitor->client->options->json != JSON_OFF) {
                const struct options a_line_each = { .json = JSON_SHORT };

                add_time(event);
                (void)output_json(&a_line_each, event);
        } else
                monitor_print(&monitor->filter, event);
}

/* Takes `event` over. A reader that is gone ends the monitor. */
static int emit(struct monitor *monitor, const char *path, struct json_object *event) {
        const char *target = event_target(monitor, path, event);
        int r = 0;

        if (!monitor->target || strcmp(monitor->target, target) == 0) {
                tell(monitor, target, event);
                if (fflush(stdout) != 0)
                        r = sd_event_exit(monitor->client->event, STMBOOT_EXIT_DONE);
        }
        json_object_put(event);
        return r;
}

static struct json_object *new_event(const char *name) {
        struct json_object *event = json_object_new_object();

        if (event)
                json_add_text(event, "event", name);
        return event;
}

static int on_job_signal(struct monitor *monitor, sd_bus_message *message, const char *member) {
        bool is_new = strcmp(member, "JobNew") == 0;
        const char *job, *target, *word;

        int r = sd_bus_message_read(message, "oss", &job, &target, &word);
        if (r < 0)
                return r;
        if (is_new)
                json_add_text(monitor->jobs, job, target);
        else
                json_object_object_del(monitor->jobs, job);

        struct json_object *event = new_event(is_new ? "job-new" : "job-finished");
        if (!event)
                return -ENOMEM;
        json_add_text(event, "target", target);
        json_add_text(event, "job", job);
        json_add_text(event, is_new ? "type" : "result", word);
        return emit(monitor, job, event);
}

static int on_properties(struct monitor *monitor, sd_bus_message *message) {
        const char *interface, *path = sd_bus_message_get_path(message);
        struct json_object *changed;

        int r = sd_bus_message_read(message, "s", &interface);
        if (r < 0)
                return r;
        bool of_job = strcmp(interface, STMBOOT_JOB_INTERFACE) == 0;
        if (!of_job && strcmp(interface, STMBOOT_TARGET_INTERFACE) != 0)
                return 0;
        r = message_to_json(message, &changed);
        if (r < 0)
                return r;

        if (of_job && json_object_object_get_ex(changed, "notes", NULL)) /* as in a job's result */
                json_add(changed, "notes", json_lines(json_text(changed, "notes")));

        struct json_object *event = new_event(of_job ? "job" : "target");
        if (!event || json_object_object_add(event, "changed", changed) < 0) {
                json_object_put(changed);
                json_object_put(event);
                return -ENOMEM;
        }
        if (of_job)
                json_add_text(event, "job", path);
        return emit(monitor, path, event);
}

static int on_objects(struct monitor *monitor, sd_bus_message *message, const char *member) {
        const char *path;

        int r = sd_bus_message_read(message, "o", &path);
        if (r < 0)
                return r;
        /* Jobs have signals of their own. */
        if (strncmp(path, STMBOOT_TARGET_PREFIX "/", strlen(STMBOOT_TARGET_PREFIX "/")) != 0)
                return 0;
        struct json_object *event =
                new_event(strcmp(member, "InterfacesAdded") == 0 ? "target-new" : "target-removed");
        return event ? emit(monitor, path, event) : -ENOMEM;
}

/* Signals that are not of the form they should be are passed over. */
static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        struct monitor *monitor = userdata;
        const char *member = sd_bus_message_get_member(message) ?: "";

        (void)error;
        if (strcmp(member, "JobNew") == 0 || strcmp(member, "JobFinished") == 0)
                (void)on_job_signal(monitor, message, member);
        else if (strcmp(member, "PropertiesChanged") == 0)
                (void)on_properties(monitor, message);
        else if (strcmp(member, "InterfacesAdded") == 0 || strcmp(member, "InterfacesRemoved") == 0)
                (void)on_objects(monitor, message, member);
        return 0;
}

static int on_owner(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name, *before, *after;

        (void)error;
        if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0)
                return 0;
        struct json_object *event = new_event(*after ? "service-started" : "service-stopped");
        if (event)
                (void)emit(userdata, "", event);
        return 0;
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        struct monitor *monitor = userdata;

        (void)message;
        (void)error;
        complain("The connection to the bus broke.");
        return sd_event_exit(monitor->client->event, STMBOOT_EXIT_NO_SERVICE);
}

static int subscribe(struct monitor *monitor) {
        sd_bus *bus = monitor->client->bus;

        int r = sd_bus_add_match(bus, NULL,
                                 "type='signal',sender='" STMBOOT_BUS_NAME
                                 "',path_namespace='" STMBOOT_PATH "'",
                                 on_signal, monitor);
        if (r >= 0)
                r = sd_bus_add_match(bus, NULL,
                                     "type='signal',sender='org.freedesktop.DBus',"
                                     "member='NameOwnerChanged',arg0='" STMBOOT_BUS_NAME "'",
                                     on_owner, monitor);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local", NULL,
                                        "org.freedesktop.DBus.Local", "Disconnected",
                                        on_disconnected, monitor);
        return r;
}

static int end_on_signals(sd_event *event) {
        static const int signals[] = { SIGINT, SIGTERM };
        sigset_t mask;

        (void)sigemptyset(&mask);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                (void)sigaddset(&mask, signals[i]);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
                int r = sd_event_add_signal(event, NULL, signals[i], NULL, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Jobs that run already, so that their phases can be told with their target. */
static int learn_jobs(struct monitor *monitor) {
        _cleanup_json_ struct json_object *jobs = NULL;

        int code = jobs_get(monitor->client, &jobs);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        for (size_t i = 0; i < json_object_array_length(jobs); i++) {
                struct json_object *job = json_object_array_get_idx(jobs, i);

                if (strcmp(json_text(job, "state"), "running") == 0)
                        json_add_text(monitor->jobs, json_text(job, "job"),
                                      json_text(job, "target"));
        }
        return STMBOOT_EXIT_DONE;
}

int cmd_monitor(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_json_ struct json_object *jobs = json_object_new_object();
        struct monitor monitor = { .client = client, .jobs = jobs };
        _cleanup_free_ char *path = NULL;

        (void)options;
        if (n_args > 0) {
                int code = client_find_target(client, args[0], &path);
                if (code != STMBOOT_EXIT_DONE)
                        return code;
                monitor.target = client_target_name(path);
        }
        int r = jobs ? subscribe(&monitor) : -ENOMEM;
        if (r >= 0)
                r = end_on_signals(client->event);
        if (r < 0)
                return client_report_errno(r, "Cannot listen to stmbootd");
        int code = learn_jobs(&monitor);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        r = sd_event_loop(client->event);
        return r < 0 ? client_report_errno(r, "Cannot go on") : r;
}
