/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "ctl/exit_code.h"
#include "ctl/job_internal.h"
#include "ctl/job_report.h"
#include "ctl/message_json.h"
#include "ctl/text.h"
#include "util/clock.h"

struct run *run_free(struct run *run) {
        if (!run)
                return NULL;
        sd_bus_slot_unref(run->started_slot);
        sd_bus_slot_unref(run->waited_slot);
        sd_bus_slot_unref(run->properties_slot);
        sd_bus_slot_unref(run->cancelled_slot);
        sd_bus_slot_unref(run->ended_slot);
        sd_bus_message_unref(run->call);
        json_object_put(run->job.properties);
        free(run->job.target);
        free(run->job.path);
        free(run->job.error_name);
        free(run->job.error_message);
        free(run);
        return NULL;
}

/* ---- the end of a job ---- */

static void clear_error(struct job *job) {
        free(job->error_name);
        free(job->error_message);
        job->error_name = job->error_message = NULL;
        job->code = STMBOOT_EXIT_DONE;
}

static void set_error(struct run *run, const char *name, const char *message) {
        struct job *job = &run->job;

        clear_error(job);
        job->error_name = strdup(name);
        job->error_message = strdup(message ?: "");
        for (size_t n = strlen(job->error_message ?: ""); n > 0; n--) {
                if (job->error_message[n - 1] != '\n')
                        break;
                job->error_message[n - 1] = '\0';
        }
        job->code = exit_code_of_error(name);
}

static void finish(struct run *run) {
        struct runner *runner = run->runner;
        uint64_t now = clock_usec();

        run->state = RUN_ENDED;
        progress_clear(runner->progress);
        if (run->cancels && run->job.code == STMBOOT_EXIT_CANCELLED) {
                job_report_cancelled(&run->job, runner->client->options);
                clear_error(&run->job);
        }
        job_report(&run->job, runner->client, now - run->started);
        progress_finish(runner->progress, run->index, now);
        runner_one_ended(runner);
}

void run_fail(struct run *run, const char *error_name, const char *message) {
        set_error(run, error_name, message);
        finish(run);
}

static int on_final_properties(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        struct run *run = userdata;

        (void)error;
        if (!sd_bus_message_is_method_error(reply, NULL))
                (void)message_to_json(reply, &run->job.properties);
        finish(run);
        return 0;
}

static int get_job(struct run *run, sd_bus_slot **slot, sd_bus_message_handler_t handler) {
        return sd_bus_call_method_async(run->runner->client->bus, slot, STMBOOT_BUS_NAME,
                                        run->job.path, "org.freedesktop.DBus.Properties", "GetAll",
                                        handler, run, "s", STMBOOT_JOB_INTERFACE);
}

static int on_waited(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        struct run *run = userdata;
        const sd_bus_error *failure = sd_bus_message_get_error(reply);

        (void)error;
        if (run->state != RUN_RUNNING)
                return 0;
        if (failure)
                set_error(run, failure->name, failure->message);
        run->state = RUN_ENDING;
        if (get_job(run, &run->ended_slot, on_final_properties) < 0)
                finish(run);
        return 0;
}

/* ---- while it runs ---- */

static void tell_notes(struct run *run, const char *notes) {
        if (strlen(notes) <= run->job.n_notes)
                return;
        progress_clear(run->runner->progress); /* it is drawn again below the notes */
        job_report_notes(&run->job, notes);
}

void run_apply(struct run *run, sd_bus_message *message) {
        _cleanup_json_ struct json_object *properties = NULL;
        struct progress_state *state = &run->progress;
        struct json_object *value;

        if (run->state != RUN_RUNNING || message_to_json(message, &properties) < 0)
                return;
        if (json_object_object_get_ex(properties, "phase", &value))
                (void)snprintf(state->phase, sizeof state->phase, "%s",
                               json_object_get_string(value) ?: "");
        if (json_object_object_get_ex(properties, "progress", &value))
                state->percent = (unsigned)json_object_get_uint64(value);
        if (json_object_object_get_ex(properties, "bytes_done", &value))
                state->done = json_object_get_uint64(value);
        if (json_object_object_get_ex(properties, "bytes_total", &value))
                state->total = json_object_get_uint64(value);
        if (json_object_object_get_ex(properties, "rate", &value))
                state->rate = json_object_get_uint64(value);
        tell_notes(run, json_text(properties, "notes"));
        progress_update(run->runner->progress, run->index, state, clock_usec());
}

static int on_first_properties(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        (void)error;
        if (!sd_bus_message_is_method_error(reply, NULL))
                run_apply(userdata, reply);
        return 0;
}

static int on_cancelled(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        struct run *run = userdata;
        const sd_bus_error *failure = sd_bus_message_get_error(reply);

        (void)error;
        if (failure && run->state == RUN_RUNNING) {
                progress_clear(run->runner->progress);
                complain("Cannot cancel: %s", failure->message ?: failure->name);
        }
        return 0;
}

void run_cancel(struct run *run) {
        if (run->cancel_sent)
                return;
        run->cancel_sent = true;
        (void)sd_bus_call_method_async(run->runner->client->bus, &run->cancelled_slot,
                                       STMBOOT_BUS_NAME, run->job.path, STMBOOT_JOB_INTERFACE,
                                       "Cancel", on_cancelled, run, NULL);
}

/* ---- its start ---- */

static int follow(struct run *run) {
        _cleanup_message_ sd_bus_message *call = NULL;

        run->state = RUN_RUNNING;
        int code = client_new_call(run->runner->client, run->job.path, STMBOOT_JOB_INTERFACE,
                                   "Wait", &call);
        if (code != STMBOOT_EXIT_DONE)
                return -ENOMEM;
        int r = sd_bus_call_async(run->runner->client->bus, &run->waited_slot, call, on_waited, run,
                                  UINT64_MAX);
        if (r >= 0)
                r = get_job(run, &run->properties_slot, on_first_properties);
        if (r >= 0 && (run->runner->interrupts > 0 || run->cancels))
                run_cancel(run);
        return r;
}

static int on_started(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        struct run *run = userdata;
        const sd_bus_error *failure = sd_bus_message_get_error(reply);
        const char *path;

        (void)error;
        if (failure) {
                set_error(run, failure->name, failure->message);
                /* Two of ours may share a port or a line: one after the other, then. */
                if (run->job.code == STMBOOT_EXIT_BUSY && runner_active(run->runner) > 1) {
                        run->state = RUN_REFUSED;
                        runner_start_waiting(run->runner); /* there is room for one more */
                } else {
                        finish(run);
                }
                return 0;
        }
        int r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
                r = (run->job.path = strdup(path)) ? follow(run) : -ENOMEM;
        if (r < 0)
                run_fail(run, SD_BUS_ERROR_FAILED, strerror(-r));
        return 0;
}

/* A call can be sent once only; this makes another of the one that was refused. */
static int renew_call(struct run *run) {
        _cleanup_message_ sd_bus_message *copy = NULL;

        int r = sd_bus_message_rewind(run->call, true);
        if (r >= 0)
                r = sd_bus_message_new_method_call(
                        run->runner->client->bus, &copy, STMBOOT_BUS_NAME,
                        sd_bus_message_get_path(run->call), STMBOOT_TARGET_INTERFACE,
                        sd_bus_message_get_member(run->call));
        if (r >= 0)
                r = sd_bus_message_copy(copy, run->call, true);
        if (r < 0)
                return r;
        sd_bus_message_unref(run->call);
        run->call = TAKE_PTR(copy);
        return 0;
}

int run_start(struct run *run) {
        run->state = RUN_STARTING;
        run->started = clock_usec();
        if (run->job.path)
                return follow(run);
        if (run->started_slot) {
                int r = renew_call(run);
                if (r < 0)
                        return r;
                clear_error(&run->job);
                run->started_slot = sd_bus_slot_unref(run->started_slot);
        }
        return sd_bus_call_async(run->runner->client->bus, &run->started_slot, run->call,
                                 on_started, run, 0);
}
