/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "ctl/job_report.h"
#include "ctl/message_json.h"
#include "ctl/options.h"
#include "ctl/text.h"

void job_report_notes(struct job *job, const char *notes) {
        size_t size = strlen(notes);

        if (size <= job->n_notes)
                return; /* the service only ever adds to them */

        _cleanup_free_ char *fresh = strdup(notes + job->n_notes);
        char *rest = fresh;

        job->n_notes = size;
        for (char *line; (line = strsep(&rest, "\n"));)
                if (*line)
                        text_print_line(stderr, job->target, "note: %s", line);
}

static void report_success(const struct job *job, uint64_t took) {
        char duration[TEXT_NUMBER_MAX];

        if (!job->done)
                return;
        if (json_flag(job->properties, "unchanged")) {
                text_print_line(stdout, job->target, "holds this image already, nothing written");
                return;
        }
        text_duration(took, duration);
        text_print_line(stdout, job->target, "%s in %s", job->done, duration);
}

/* What the service says of a target in several lines: what, what next, and what was on the wire. */
static void print_message(FILE *file, const struct job *job) {
        static const char mark[] = "\n\nTrace:\n";
        _cleanup_free_ char *message = strdup(job->error_message);
        size_t n = strlen(job->target);

        if (!message)
                return;
        char *trace = strstr(message, mark), *text = message;

        if (trace) { /* it is long: at the end it would push the rest off the screen */
                *trace = '\0';
                text_print_line(file, job->target, "the last of its trace:\n%s\n",
                                trace + strlen(mark));
        }
        if (strncmp(message, job->target, n) == 0 && strncmp(message + n, ": ", 2) == 0)
                text += n + 2;
        text_print_line(file, job->target, "%s", text);
}

void job_report_cancelled(const struct job *job, const struct options *options) {
        if (!options->quiet && options->json == JSON_OFF)
                print_message(stdout, job);
}

/* The job has lost us, or we have lost it. */
static void report_lost(const struct job *job, const struct client *client) {
        const char *id = client_target_name(job->path), *message = job->error_message ?: "";
        const struct options *options = client->options;
        const char *host = options->host ?: options->machine;

        if (host && sd_bus_is_open(client->bus) <= 0)
                text_print_line(stderr, job->target,
                                "the connection to %s ended while job %s ran (%s). The job goes on "
                                "there; '%s info %s' tells how it gets on.",
                                host, id, message, client_command(options), job->target);
        else
                text_print_line(stderr, job->target,
                                "stmbootd went away while job %s ran (%s). '%s info %s' tells how "
                                "the chip stands.",
                                id, message, client_command(options), job->target);
}

static void report_failure(const struct job *job, const struct client *client) {
        const sd_bus_error error = { .name = job->error_name, .message = job->error_message };
        const char *message = job->error_message ?: "";

        if (strncmp(job->error_name, STMBOOT_ERROR_PREFIX, strlen(STMBOOT_ERROR_PREFIX)) == 0 &&
            *message)
                print_message(stderr, job);
        else if (job->path && job->code == STMBOOT_EXIT_NO_SERVICE)
                report_lost(job, client);
        else
                (void)client_report(client->options, &error, 0);
}

void job_report(struct job *job, const struct client *client, uint64_t took) {
        const struct options *options = client->options;

        if (job->error_name)
                report_failure(job, client);
        else if (job->code == STMBOOT_EXIT_DONE && !options->quiet && options->json == JSON_OFF)
                report_success(job, took);
        job_report_notes(job, json_text(job->properties, "notes"));
        (void)fflush(stdout);
}

struct json_object *job_to_json(const struct job *job) {
        struct json_object *object = json_object_new_object();
        const char *result = job->code == STMBOOT_EXIT_DONE        ? "done"
                             : job->code != STMBOOT_EXIT_CANCELLED ? "failed"
                             : job->error_name                     ? "cancelled"
                                                                   : "running"; /* it was left */

        json_add_text(object, "target", job->target);
        if (job->path)
                json_add_text(object, "job", job->path);
        json_add_text(object, "result", result);
        json_add(object, "exit_code", json_object_new_int(job->code));
        if (job->properties) {
                json_add_text(object, "type", json_text(job->properties, "type"));
                json_add_text(object, "outcome", json_text(job->properties, "outcome"));
                json_add(object, "unchanged",
                         json_object_new_boolean(json_flag(job->properties, "unchanged")));
                json_add(object, "notes", json_lines(json_text(job->properties, "notes")));
        }
        if (job->error_name) {
                json_add_text(object, "error_name", job->error_name);
                json_add_text(object, "error_message", job->error_message ?: "");
        }
        return object;
}
