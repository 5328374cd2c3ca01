/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "ctl/job_internal.h"
#include "ctl/options.h"
#include "ctl/text.h"
#include "ctl/unit.h"
#include "util/clock.h"

/* A system bus lets a connection wait for 128 answers (dbus-daemon(1)), a job for three at most. */
#define ACTIVE_MAX 40

static const int stop_signals[] = { SIGINT, SIGTERM };

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

size_t runner_active(const struct runner *runner) {
        size_t n = 0;

        for (size_t i = 0; i < runner->n_runs; i++)
                switch (runner->runs[i]->state) {
                case RUN_WAITING:
                case RUN_REFUSED:
                case RUN_ENDED:
                        break;
                default:
                        n++;
                }
        return n;
}

void runner_start_waiting(struct runner *runner) {
        for (size_t i = 0; i < runner->n_runs; i++) {
                struct run *run = runner->runs[i];

                if (run->state != RUN_WAITING)
                        continue;
                if (runner->interrupts > 0) {
                        run_fail(run, STMBOOT_ERROR_PREFIX "Cancelled",
                                 "cancelled before it began");
                        return; /* it came through here for the others */
                }
                if (runner_active(runner) >= ACTIVE_MAX)
                        return;
                int r = run_start(run);
                if (r < 0) {
                        run_fail(run, SD_BUS_ERROR_FAILED, strerror(-r));
                        return;
                }
        }
}

void runner_one_ended(struct runner *runner) {
        for (size_t i = 0; i < runner->n_runs; i++)
                if (runner->runs[i]->state == RUN_REFUSED)
                        runner->runs[i]->state = RUN_WAITING;
        runner_start_waiting(runner);
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
                        run_apply(runner->runs[i], message);
                        break;
                }
        return 0;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        struct runner *runner = userdata;

        (void)usec;
        progress_draw(runner->progress, clock_usec());
        int r = sd_event_source_set_time_relative(source, USEC_PER_SEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static bool all_ended(const struct runner *runner) {
        for (size_t i = 0; i < runner->n_runs; i++)
                if (runner->runs[i]->state != RUN_ENDED)
                        return false;
        return true;
}

static void tell_detached(struct runner *runner) {
        const char *command = client_command(runner->client->options);

        for (size_t i = 0; i < runner->n_runs; i++) {
                struct run *run = runner->runs[i];

                if (run->state == RUN_ENDED)
                        continue;
                run->job.code = STMBOOT_EXIT_CANCELLED;
                if (run->job.path)
                        text_print_line(
                                stderr, run->job.target,
                                "job %s goes on until it can be stopped safely; '%s cancel %s' "
                                "waits for its end, '%s monitor %s' follows it",
                                client_target_name(run->job.path), command,
                                client_target_name(run->job.path), command, run->job.target);
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
        complain("Cancelling; waiting for the outcome (Ctrl-C again to leave).");
        for (size_t i = 0; i < runner->n_runs; i++)
                if (runner->runs[i]->state == RUN_RUNNING)
                        run_cancel(runner->runs[i]);
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
        int r = progress_add(runner->progress, target, clock_usec());
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
        runner_start_waiting(runner);
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
