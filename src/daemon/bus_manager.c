/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stmboot/dbus.h>
#include <string.h>

#include "daemon/bus.h"
#include "daemon/bus_image.h"
#include "daemon/error.h"
#include "daemon/inspect.h"
#include "daemon/job.h"
#include "daemon/job_image.h"
#include "daemon/manager.h"
#include "daemon/notify.h"

/* ---- lists ---- */

static int method_list_targets(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const struct manager *manager = userdata;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        (void)ret_error;
        int r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sos)");
        for (const struct target *target = manager->targets; target && r >= 0;
             target = target->next)
                r = sd_bus_message_append(reply, "(sos)", target->name, target->path,
                                          target_state_to_string(target_state(target)));
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_send(reply);
}

static int append_job(sd_bus_message *reply, const struct job *job) {
        return sd_bus_message_append(reply, "(osss)", job->path, job->target_name,
                                     job_type_to_string(job->type),
                                     job_state_to_string(job->state));
}

static int append_jobs(sd_bus_message *reply, const struct job *jobs) {
        int r = 0;

        for (; jobs && r >= 0; jobs = jobs->next)
                r = append_job(reply, jobs);
        return r;
}

static int method_list_jobs(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const struct manager *manager = userdata;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        (void)ret_error;
        int r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(osss)");
        for (const struct target *target = manager->targets; target && r >= 0;
             target = target->next) {
                if (target->job)
                        r = append_job(reply, target->job);
                if (r >= 0)
                        r = append_jobs(reply, target->jobs);
        }
        if (r >= 0)
                r = append_jobs(reply, manager->jobs);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_send(reply);
}

static int find_target(struct manager *manager, const char *name, struct target **ret,
                       sd_bus_error *ret_error) {
        *ret = manager_find_target(manager, name);
        return *ret ? 0 : error_set(ret_error, ERROR_NO_SUCH_TARGET, "No target \"%.100s\"", name);
}

static int method_get_target(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        struct target *target;
        const char *name;

        int r = sd_bus_message_read(message, "s", &name);
        if (r >= 0)
                r = find_target(userdata, name, &target, ret_error);
        return r < 0 ? r : sd_bus_reply_method_return(message, "o", target->path);
}

/* ---- images ---- */

static int read_inspection(sd_bus_message *message, struct manager *manager,
                           struct job_request **ret_request, struct target **ret_target,
                           sd_bus_error *ret_error) {
        static const struct target_config anything = { .check = SYNC_CHECK_FAST };
        _cleanup_(job_request_freep) struct job_request *request = NULL;
        _cleanup_(bus_image_done) struct bus_image image = { 0 };
        struct target *target = NULL;
        const char *name;

        int r = bus_image_read(&image, manager, message, ret_error);
        if (r >= 0)
                r = sd_bus_message_read(message, "s", &name);
        if (r >= 0 && name[0])
                r = find_target(manager, name, &target, ret_error);
        if (r < 0)
                return r;
        if (target && !target->config)
                return error_set(ret_error, ERROR_TARGET_BROKEN, "%s", target->broken_reason);

        request = job_request_new(JOB_INSPECT, target ? target->config : &anything,
                                  target ? target_chip(target) : NULL);
        if (!request)
                return -ENOMEM;
        r = job_request_read_options(request, message, ret_error);
        if (r >= 0)
                r = job_image_parse(request->image_name ?: image.name, image.data, image.size,
                                    &request->image_options, &request->image, ret_error);
        if (r < 0)
                return r;
        *ret_request = TAKE_PTR(request);
        *ret_target = target;
        return 0;
}

static int method_inspect(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(job_request_freep) struct job_request *request = NULL;
        struct target *target = NULL;

        int r = read_inspection(message, userdata, &request, &target, ret_error);
        if (r >= 0)
                r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = inspect_image(request, target, reply);
        return r < 0 ? r : sd_bus_message_send(reply);
}

/* ---- the service ---- */

static int method_reload(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_free_ char *reason = NULL;

        notify_reloading();
        int r = manager_reload(userdata, &reason);
        notify_ready();
        if (r < 0)
                return reason ? error_set(ret_error, ERROR_FAILED, "%s", reason) : r;
        return sd_bus_reply_method_return(message, NULL);
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        (void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)ret_error;
        return sd_bus_message_append(reply, "s", STMBOOT_VERSION);
}

#define ANYBODY SD_BUS_VTABLE_UNPRIVILEGED /* who may is for the bus policy to say */

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("ListTargets", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sos)", targets),
                                method_list_targets, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("ListJobs", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(osss)", jobs),
                                method_list_jobs, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetTarget", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", target),
                                method_get_target, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("InspectImage",
                                SD_BUS_ARGS("s", path, "s", target, "a{sv}", options),
                                SD_BUS_RESULT("a{sv}", description), method_inspect, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("InspectImageFd",
                                SD_BUS_ARGS("h", image, "s", target, "a{sv}", options),
                                SD_BUS_RESULT("a{sv}", description), method_inspect, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("InspectImageData",
                                SD_BUS_ARGS("ay", image, "s", target, "a{sv}", options),
                                SD_BUS_RESULT("a{sv}", description), method_inspect, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_reload, ANYBODY),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_SIGNAL_WITH_ARGS("JobNew", SD_BUS_ARGS("o", job, "s", target, "s", type), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobFinished", SD_BUS_ARGS("o", job, "s", target, "s", result), 0),
        SD_BUS_VTABLE_END,
};

int bus_manager_export(struct manager *manager, sd_bus *bus) {
        int r = sd_bus_add_object_vtable(bus, NULL, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, vtable,
                                         manager);

        return r < 0 ? r : sd_bus_add_object_manager(bus, NULL, STMBOOT_PATH);
}
