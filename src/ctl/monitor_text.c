/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/client.h"
#include "ctl/message_json.h"
#include "ctl/monitor_text.h"
#include "ctl/progress.h"
#include "ctl/text.h"

static void _printf_(2, 3) print(struct json_object *event, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        char clock[32] = "";
        struct timespec now;
        struct tm tm;
        va_list args;

        va_start(args, format);
        int r = vasprintf(&text, format, args);
        va_end(args);
        if (r < 0) {
                text = NULL;
                return;
        }
        (void)clock_gettime(CLOCK_REALTIME, &now);
        if (localtime_r(&now.tv_sec, &tm))
                (void)strftime(clock, sizeof clock, "%T", &tm);
        (void)printf("%s.%03ld ", clock, now.tv_nsec / 1000000);

        const char *target = json_text(event, "target");
        text_print_line(stdout, *target ? target : "stmbootd", "%s", text);
}

static void print_job(struct monitor_filter *filter, struct json_object *event,
                      struct json_object *changed) {
        const char *job = json_text(event, "job"), *phase = json_text(changed, "phase");
        unsigned percent = (unsigned)json_number(changed, "progress");

        if (strcmp(filter->job, job) != 0) {
                *filter = (struct monitor_filter){ 0 };
                (void)snprintf(filter->job, sizeof filter->job, "%s", job);
        }
        bool new_phase = *phase && strcmp(phase, filter->phase) != 0;
        bool new_tenth = percent / 10 > filter->percent / 10;

        if (new_phase)
                (void)snprintf(filter->phase, sizeof filter->phase, "%s", phase);
        if (percent > filter->percent)
                filter->percent = percent;
        if (new_phase || new_tenth)
                print(event, "job %s %s %u%%", client_target_name(job),
                      progress_phase_text(filter->phase), filter->percent);
}

/* Jobs have lines of their own, and 'info' tells the rest. */
static void print_target(struct json_object *event, struct json_object *changed) {
        const char *state = json_text(changed, "state"), *why = json_text(changed, "broken_reason");

        if (*state)
                print(event, "state %s%s%s", state, *why ? ": " : "", why);
}

void monitor_print(struct monitor_filter *filter, struct json_object *event) {
        const char *name = json_text(event, "event");
        const char *job = client_target_name(json_text(event, "job"));
        struct json_object *changed = NULL;

        (void)json_object_object_get_ex(event, "changed", &changed);
        if (strcmp(name, "job-new") == 0)
                print(event, "job %s %s started", job, json_text(event, "type"));
        else if (strcmp(name, "job-finished") == 0)
                print(event, "job %s %s", job, json_text(event, "result"));
        else if (strcmp(name, "job") == 0)
                print_job(filter, event, changed);
        else if (strcmp(name, "target") == 0)
                print_target(event, changed);
        else if (strcmp(name, "target-new") == 0)
                print(event, "added");
        else if (strcmp(name, "target-removed") == 0)
                print(event, "removed");
        else if (strcmp(name, "service-started") == 0)
                print(event, "started");
        else
                print(event, "stopped");
}
