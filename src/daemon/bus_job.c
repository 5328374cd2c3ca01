/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stmboot/dbus.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/bus.h"
#include "daemon/error.h"
#include "daemon/job.h"
#include "daemon/manager.h"

/* ---- methods ---- */

static int method_wait(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        int r = job_wait(userdata, message);

        if (r == -EUSERS)
                return error_set(ret_error, ERROR_LIMIT, "Too many clients wait for this job");
        return r < 0 ? r : 1;
}

static int method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        (void)ret_error;

        /* The answer first: the job, and all that waits for it, may end inside. */
        int r = sd_bus_reply_method_return(message, NULL);
        job_cancel(userdata);
        return r;
}

static int check_data(const struct job *job, sd_bus_error *ret_error) {
        if (job->data_fd >= 0)
                return 0;
        if (job->state == JOB_RUNNING)
                return error_set(ret_error, ERROR_FAILED, "The job has not ended yet");
        return error_set(ret_error, ERROR_FAILED,
                         "The job has no data (of each target's jobs, the last one that read "
                         "something keeps it)");
}

static int append_data(sd_bus_message *reply, const struct job *job) {
        void *data = mmap(NULL, job->data_size, PROT_READ, MAP_PRIVATE, job->data_fd, 0);

        if (data == MAP_FAILED)
                return -errno;
        int r = sd_bus_message_append_array(reply, 'y', data, job->data_size);
        (void)munmap(data, job->data_size);
        return r;
}

static int method_get_data(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const struct job *job = userdata;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        int r = check_data(job, ret_error);
        if (r >= 0)
                r = bus_check_queue(message, ret_error);
        if (r >= 0)
                r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = append_data(reply, job);
        return r < 0 ? r : sd_bus_message_send(reply);
}

/* The same bytes for all, and for each a position in them of his own. */
static int method_get_data_fd(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const struct job *job = userdata;
        char path[32];

        int r = check_data(job, ret_error);
        if (r < 0)
                return r;
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", job->data_fd);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : sd_bus_reply_method_return(message, "h", fd);
}

/* ---- properties ---- */

static int get_string(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        static const char *const outcomes[] = {
                [SESSION_UNTOUCHED] = "untouched",
                [SESSION_COMPLETE] = "complete",
                [SESSION_NOT_BOOTABLE] = "not-bootable",
        };
        const struct job *job = userdata;
        const char *state = job_state_to_string(job->state);
        const struct {
                const char *property, *value;
        } strings[] = {
                { "Type", job_type_to_string(job->type) },
                { "Target", job->target_name },
                { "State", state },
                { "Phase", session_phase_to_string(job->progress.phase) },
                { "Result", job->state == JOB_RUNNING ? "" : state },
                { "Outcome", outcomes[job->outcome] },
                { "ErrorName", job->error_name },
                { "ErrorMessage", job->error_message },
                { "Notes", job->notes },
        };

        (void)bus, (void)path, (void)interface, (void)ret_error;
        for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
                if (strcmp(property, strings[i].property) == 0)
                        return sd_bus_message_append(reply, "s", strings[i].value ?: "");
        return -ENOENT;
}

static int get_number(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const struct job *job = userdata;
        const struct {
                const char *property;
                uint64_t value;
        } numbers[] = {
                { "BytesDone", job->progress.done },
                { "BytesTotal", job->progress.total },
                { "Rate", job_rate(job) },
        };

        (void)bus, (void)path, (void)interface, (void)ret_error;
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                if (strcmp(property, numbers[i].property) == 0)
                        return sd_bus_message_append(reply, "t", numbers[i].value);
        return -ENOENT;
}

static int get_progress(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const struct job *job = userdata;

        (void)bus, (void)path, (void)interface, (void)property, (void)ret_error;
        return sd_bus_message_append(reply, "u", job->progress.percent);
}

static int get_unchanged(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const struct job *job = userdata;

        (void)bus, (void)path, (void)interface, (void)property, (void)ret_error;
        return sd_bus_message_append(reply, "b", job->unchanged);
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define CONST   SD_BUS_VTABLE_PROPERTY_CONST
#define ANYBODY SD_BUS_VTABLE_UNPRIVILEGED /* who may is for the bus policy to say */

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Wait", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", result), method_wait,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_cancel, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetData", SD_BUS_NO_ARGS, SD_BUS_RESULT("ay", data),
                                method_get_data, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetDataFd", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", data),
                                method_get_data_fd, ANYBODY),
        SD_BUS_PROPERTY("Type", "s", get_string, 0, CONST),
        SD_BUS_PROPERTY("Target", "s", get_string, 0, CONST),
        SD_BUS_PROPERTY("State", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Phase", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Progress", "u", get_progress, 0, CHANGES),
        SD_BUS_PROPERTY("BytesDone", "t", get_number, 0, CHANGES),
        SD_BUS_PROPERTY("BytesTotal", "t", get_number, 0, CHANGES),
        SD_BUS_PROPERTY("Rate", "t", get_number, 0, CHANGES),
        SD_BUS_PROPERTY("Result", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Outcome", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Unchanged", "b", get_unchanged, 0, CHANGES),
        SD_BUS_PROPERTY("ErrorName", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("ErrorMessage", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Notes", "s", get_string, 0, CHANGES),
        SD_BUS_VTABLE_END,
};

/* ---- objects ---- */

static int find(sd_bus *bus, const char *path, const char *interface, void *userdata,
                void **ret_found, sd_bus_error *ret_error) {
        static const char prefix[] = STMBOOT_JOB_PREFIX "/";

        (void)bus, (void)interface, (void)ret_error;
        if (strncmp(path, prefix, strlen(prefix)) != 0)
                return 0;
        *ret_found = manager_find_job(userdata, path + strlen(prefix));
        return *ret_found != NULL;
}

static void add_paths(struct bus_paths *paths, const struct job *jobs) {
        for (; jobs; jobs = jobs->next)
                bus_paths_add(paths, jobs->path);
}

static int enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret_paths,
                     sd_bus_error *ret_error) {
        const struct manager *manager = userdata;
        struct bus_paths paths = { 0 };

        (void)bus, (void)prefix, (void)ret_error;
        for (const struct target *target = manager->targets; target; target = target->next) {
                if (target->job)
                        bus_paths_add(&paths, target->job->path);
                add_paths(&paths, target->jobs);
        }
        add_paths(&paths, manager->jobs);
        return bus_paths_finish(&paths, ret_paths);
}

/* Somebody has left the bus: a place among those who wait is free again. */
static int on_client_gone(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const struct manager *manager = userdata;
        const char *name;

        (void)ret_error;
        int r = sd_bus_message_read_basic(message, 's', &name);
        if (r < 0)
                return r;
        for (const struct target *target = manager->targets; target; target = target->next)
                if (target->job)
                        job_forget_client(target->job, name);
        return 0;
}

int bus_job_export(struct manager *manager, sd_bus *bus) {
        int r = sd_bus_add_fallback_vtable(bus, NULL, STMBOOT_JOB_PREFIX, STMBOOT_JOB_INTERFACE,
                                           vtable, find, manager);

        if (r >= 0)
                r = sd_bus_add_node_enumerator(bus, NULL, STMBOOT_JOB_PREFIX, enumerate, manager);
        if (r >= 0)
                r = sd_bus_add_match(bus, NULL,
                                     "type='signal',sender='org.freedesktop.DBus',"
                                     "path='/org/freedesktop/DBus',"
                                     "interface='org.freedesktop.DBus',"
                                     "member='NameOwnerChanged',arg2=''",
                                     on_client_gone, manager);
        return r;
}
