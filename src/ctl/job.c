/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "ctl/exit_code.h"
#include "ctl/job.h"
#include "ctl/job_report.h"
#include "ctl/message_json.h"
#include "ctl/options.h"
#include "ctl/progress.h"
#include "ctl/text.h"
#include "ctl/unit.h"

enum run_state {
        RUN_WAITING, /* to be started, or refused as busy while another of ours ran */
        RUN_STARTING,
        RUN_RUNNING,
        RUN_ENDING, /* Wait has answered, its properties are asked for */
        RUN_ENDED,
};

struct run {
        struct job job;
        struct runner *runner;
        size_t index;
        enum run_state state;
        sd_bus_message *call;
        sd_bus_slot *started_slot, *waited_slot, *properties_slot, *ended_slot;
        struct progress_state progress;
        uint64_t started;
        bool cancels; /* cancelled is what the user asked for */
        bool cancel_sent;
};

struct runner {
        struct client *client;
        struct progress *progress;
        struct run **runs;
        size_t n_runs;
        sd_event_source *sources[4];
        sd_bus_slot *signal_slot;
        unsigned interrupts;
        sigset_t old_mask;
        bool masked;
};

static const int stop_signals[] = { SIGINT, SIGTERM };

static uint64_t now_usec(void) {
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

static struct run *run_free(struct run *run) {
        if (!run)
                return NULL;
        sd_bus_slot_unref(run->started_slot);
        sd_bus_slot_unref(run->waited_slot);
        sd_bus_slot_unref(run->properties_slot);
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

DEFINE_CLEANUP(struct run, run_free);

struct runner *runner_free(struct runner *runner) {
        if (!runner)
                return NULL;
        for (size_t i = 0; i < runner->n_runs; i++)
                run_free(runner->runs[i]);
        free(runner->runs);
        sd_bus_slot_unref(runner->signal_slot);
        for (size_t i = 0; i < ARRAY_SIZE(runner->sources); i++)
                sd_event_source_disable_unref(runner->sources[i]);
        progress_free(runner->progress);
        if (runner->masked)
                (void)sigprocmask(SIG_SETMASK, &runner->old_mask, NULL);
        free(runner);
        return NULL;
}

static void start_waiting(struct runner *runner);

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
        job->code = (int)exit_code_of_error(name);
}

static void finish(struct run *run) {
        struct runner *runner = run->runner;
        uint64_t now = now_usec();

        run->state = RUN_ENDED;
        if (run->cancels && run->job.code == STMBOOT_EXIT_CANCELLED)
                clear_error(&run->job);
        progress_clear(runner->progress);
        job_report(&run->job, runner->client->options, now - run->started);
        progress_finish(runner->progress, run->index, now);
        start_waiting(runner);
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

static void apply_properties(struct run *run, sd_bus_message *message) {
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
        progress_update(run->runner->progress, run->index, state, now_usec());
}

static int on_first_properties(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        (void)error;
        if (!sd_bus_message_is_method_error(reply, NULL))
                apply_properties(userdata, reply);
        return 0;
}

static int on_properties_changed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        struct runner *runner = userdata;
        const char *path = sd_bus_message_get_path(message), *interface;

        (void)error;
        if (sd_bus_message_read(message, "s", &interface) < 0 ||
            strcmp(interface, STMBOOT_JOB_INTERFACE) != 0)
                return 0;
        for (size_t i = 0; i < runner->n_runs; i++)
                if (runner->runs[i]->job.path && strcmp(runner->runs[i]->job.path, path) == 0) {
                        apply_properties(runner->runs[i], message);
                        break;
                }
        return 0;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        struct runner *runner = userdata;

        (void)usec;
        progress_draw(runner->progress, now_usec());
        return sd_event_source_set_time_relative(source, USEC_PER_SEC);
}

static int on_cancelled(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        struct run *run = userdata;
        const sd_bus_error *failure = sd_bus_message_get_error(reply);

        (void)error;
        if (failure && run->state == RUN_RUNNING) {
                progress_clear(run->runner->progress);
                complain("Cannot cancel: %s", failure->message);
        }
        return 0;
}

static void send_cancel(struct run *run) {
        if (run->cancel_sent)
                return;
        run->cancel_sent = true;
        (void)sd_bus_call_method_async(run->runner->client->bus, NULL, STMBOOT_BUS_NAME,
                                       run->job.path, STMBOOT_JOB_INTERFACE, "Cancel", on_cancelled,
                                       run, NULL);
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
                send_cancel(run);
        return r;
}

static bool others_run(const struct runner *runner, const struct run *run) {
        for (size_t i = 0; i < runner->n_runs; i++)
                if (runner->runs[i] != run && runner->runs[i]->state != RUN_WAITING &&
                    runner->runs[i]->state != RUN_ENDED)
                        return true;
        return false;
}

static int on_started(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        struct run *run = userdata;
        const sd_bus_error *failure = sd_bus_message_get_error(reply);
        const char *path;

        (void)error;
        if (failure) {
                set_error(run, failure->name, failure->message);
                /* Two of ours may share a port or a line: one after the other, then. */
                if (run->job.code == STMBOOT_EXIT_BUSY && others_run(run->runner, run))
                        run->state = RUN_WAITING;
                else
                        finish(run);
                return 0;
        }
        int r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
                r = (run->job.path = strdup(path)) ? follow(run) : -ENOMEM;
        if (r < 0) {
                set_error(run, SD_BUS_ERROR_FAILED, strerror(-r));
                finish(run);
        }
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

static int start(struct run *run) {
        run->state = RUN_STARTING;
        run->started = now_usec();
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

static void start_waiting(struct runner *runner) {
        for (size_t i = 0; i < runner->n_runs; i++) {
                struct run *run = runner->runs[i];

                if (run->state != RUN_WAITING)
                        continue;
                if (runner->interrupts > 0) {
                        set_error(run, STMBOOT_ERROR_PREFIX "Cancelled",
                                  "cancelled before it began");
                        finish(run);
                        return; /* it came through here for the others */
                }
                int r = start(run);
                if (r < 0) {
                        set_error(run, SD_BUS_ERROR_FAILED, strerror(-r));
                        finish(run);
                        return;
                }
        }
}

/* ---- all of them ---- */

static bool all_ended(const struct runner *runner) {
        for (size_t i = 0; i < runner->n_runs; i++)
                if (runner->runs[i]->state != RUN_ENDED)
                        return false;
        return true;
}

static void tell_detached(struct runner *runner) {
        for (size_t i = 0; i < runner->n_runs; i++) {
                struct run *run = runner->runs[i];

                if (run->state == RUN_ENDED)
                        continue;
                run->job.code = STMBOOT_EXIT_CANCELLED;
                if (run->job.path)
                        text_print_line(
                                stderr, run->job.target,
                                "job %s goes on until it can be stopped safely; 'stmbootctl "
                                "cancel %s' waits for its end, 'stmbootctl monitor %s' "
                                "follows it",
                                client_target_name(run->job.path),
                                client_target_name(run->job.path), run->job.target);
        }
}

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *info,
                          void *userdata) {
        struct runner *runner = userdata;

        (void)source;
        (void)info;
        runner->interrupts++;
        progress_clear(runner->progress);
        if (runner->interrupts > 1)
                return 0;
        complain("Cancelling and waiting for the outcome; once more leaves.");
        for (size_t i = 0; i < runner->n_runs; i++)
                if (runner->runs[i]->state == RUN_RUNNING)
                        send_cancel(runner->runs[i]);
        return 0;
}

static int add_sources(struct runner *runner) {
        sd_event *event = runner->client->event;
        sigset_t mask;
        size_t n = 0;

        (void)sigemptyset(&mask);
        for (size_t i = 0; i < ARRAY_SIZE(stop_signals); i++)
                (void)sigaddset(&mask, stop_signals[i]);
        if (sigprocmask(SIG_BLOCK, &mask, &runner->old_mask) < 0)
                return -errno;
        runner->masked = true;
        for (size_t i = 0; i < ARRAY_SIZE(stop_signals); i++) {
                int r = sd_event_add_signal(event, &runner->sources[n++], stop_signals[i],
                                            on_stop_signal, runner);
                if (r < 0)
                        return r;
        }
        return sd_event_add_time_relative(event, &runner->sources[n], CLOCK_MONOTONIC, USEC_PER_SEC,
                                          USEC_PER_SEC / 20, on_tick, runner);
}

static enum progress_mode progress_mode(const struct options *options) {
        const char *term = getenv("TERM");

        if (options->quiet)
                return PROGRESS_NONE;
        if (isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0)
                return PROGRESS_BARS;
        return options->json == JSON_OFF ? PROGRESS_LINES : PROGRESS_NONE;
}

int runner_new(struct client *client, struct runner **ret) {
        _cleanup_(runner_freep) struct runner *runner = calloc(1, sizeof *runner);

        if (!runner)
                return client_report_errno(-ENOMEM, "Cannot go on");
        runner->client = client;
        runner->progress = progress_new(stderr, progress_mode(client->options));
        if (!runner->progress)
                return client_report_errno(-ENOMEM, "Cannot go on");
        int r = add_sources(runner);
        if (r < 0)
                return client_report_errno(r, "Cannot go on");
        /* Before any job is started, so that nothing is missed. */
        r = sd_bus_add_match_async(client->bus, &runner->signal_slot,
                                   "type='signal',sender='" STMBOOT_BUS_NAME "',"
                                   "interface='org.freedesktop.DBus.Properties',"
                                   "member='PropertiesChanged',"
                                   "path_namespace='" STMBOOT_JOB_PREFIX "'",
                                   on_properties_changed, NULL, runner);
        if (r < 0)
                return client_report_errno(r, "Cannot listen to stmbootd");
        *ret = TAKE_PTR(runner);
        return STMBOOT_EXIT_DONE;
}

static int add_run(struct runner *runner, const char *target, struct run **ret) {
        _cleanup_(run_freep) struct run *run = calloc(1, sizeof *run);
        struct run **runs = reallocarray(runner->runs, runner->n_runs + 1, sizeof(struct run *));

        if (runs)
                runner->runs = runs;
        if (!run || !runs)
                return -ENOMEM;
        run->runner = runner;
        run->job.target = strdup(target);
        if (!run->job.target)
                return -ENOMEM;
        int r = progress_add(runner->progress, target, now_usec());
        if (r < 0)
                return r;
        run->index = (size_t)r;
        *ret = run;
        runs[runner->n_runs++] = TAKE_PTR(run);
        return 0;
}

int runner_add(struct runner *runner, const char *target_path, sd_bus_message *call,
               const char *done) {
        struct run *run;

        int r = add_run(runner, client_target_name(target_path), &run);
        if (r < 0)
                return client_report_errno(r, "Cannot go on");
        run->call = sd_bus_message_ref(call);
        run->job.done = done;
        return STMBOOT_EXIT_DONE;
}

int runner_add_cancelled(struct runner *runner, const char *target, const char *job_path) {
        struct run *run;

        int r = add_run(runner, target, &run);
        if (r < 0)
                return client_report_errno(r, "Cannot go on");
        run->cancels = true;
        run->job.path = strdup(job_path);
        return run->job.path ? STMBOOT_EXIT_DONE : client_report_errno(-ENOMEM, "Cannot go on");
}

static int common_code(const struct runner *runner) {
        int code = STMBOOT_EXIT_DONE;

        for (size_t i = 0; i < runner->n_runs; i++) {
                int other = runner->runs[i]->job.code;

                if (other == STMBOOT_EXIT_DONE || other == code)
                        continue;
                /* "Would change" is an answer; another's failure counts for more. */
                if (code == STMBOOT_EXIT_DONE || code == STMBOOT_EXIT_DIFFERS)
                        code = other;
                else if (other != STMBOOT_EXIT_DIFFERS)
                        code = STMBOOT_EXIT_OTHER;
        }
        return code;
}

static int loop(struct runner *runner) {
        start_waiting(runner);
        while (!all_ended(runner) && runner->interrupts < 2) {
                int r = sd_event_run(runner->client->event, UINT64_MAX);
                if (r < 0)
                        return client_report_errno(r, "Cannot go on");
        }
        progress_clear(runner->progress);
        tell_detached(runner);
        return common_code(runner);
}

static int loop_without_unit(struct runner *runner, const char *unit) {
        struct client *client = runner->client;
        bool was_active = false;

        /* A terminal that is closed must not leave the unit stopped. */
        (void)signal(SIGHUP, SIG_IGN);
        int code = unit_stop(client, unit, &runner->interrupts, &was_active);
        if (code == STMBOOT_EXIT_DONE)
                code = loop(runner);
        if (!was_active)
                return code;
        if (!all_ended(runner) && runner->interrupts > 1) {
                complain("%s stays stopped, its port is still in use; later: systemctl start %s",
                         unit, unit);
                return code;
        }
        int started = unit_start(client, unit, &runner->interrupts);
        return code != STMBOOT_EXIT_DONE ? code : started;
}

int runner_run(struct runner *runner) {
        const char *unit = runner->client->options->stop_unit;

        if (!unit)
                return loop(runner);

        _cleanup_free_ char *name =
                strchr(unit, '.') ? strdup(unit) : text_format("%s.service", unit);
        if (!name)
                return client_report_errno(-ENOMEM, "Cannot go on");
        return loop_without_unit(runner, name);
}

size_t runner_jobs(const struct runner *runner) {
        return runner->n_runs;
}

const struct job *runner_job(const struct runner *runner, size_t index) {
        return &runner->runs[index]->job;
}
