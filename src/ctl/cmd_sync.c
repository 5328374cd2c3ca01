/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "ctl/call_options.h"
#include "ctl/client.h"
#include "ctl/confirm.h"
#include "ctl/job.h"
#include "ctl/message_json.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/targets.h"
#include "ctl/text.h"
#include "ctl/verb.h"

/* Paths of the targets to bring up to date. */
struct selection {
        char **paths;
        size_t n;
};

static void selection_done(struct selection *selection) {
        for (size_t i = 0; i < selection->n; i++)
                free(selection->paths[i]);
        free(selection->paths);
}

static bool selection_has(const struct selection *selection, const char *path) {
        for (size_t i = 0; i < selection->n; i++)
                if (strcmp(selection->paths[i], path) == 0)
                        return true;
        return false;
}

/* A target that is named twice counts once. */
static int selection_add(struct selection *selection, const char *path) {
        if (selection_has(selection, path))
                return STMBOOT_EXIT_DONE;

        char **paths = reallocarray(selection->paths, selection->n + 1, sizeof(char *));
        if (!paths)
                return client_report_errno(-ENOMEM, "Cannot go on");
        selection->paths = paths;
        paths[selection->n] = strdup(path);
        if (!paths[selection->n])
                return client_report_errno(-ENOMEM, "Cannot go on");
        selection->n++;
        return STMBOOT_EXIT_DONE;
}

static int select_named(struct client *client, char **names, size_t n_names,
                        struct selection *selection) {
        for (size_t i = 0; i < n_names; i++) {
                _cleanup_free_ char *path = NULL;

                int code = client_find_target(client, names[i], &path);
                if (code == STMBOOT_EXIT_DONE)
                        code = selection_add(selection, path);
                if (code != STMBOOT_EXIT_DONE)
                        return code;
        }
        return STMBOOT_EXIT_DONE;
}

/* All that have an image. Broken ones are taken along: what they should hold is not known. */
static int select_all(struct client *client, struct selection *selection) {
        _cleanup_json_ struct json_object *targets = NULL;

        int code = targets_get(client, &targets);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        for (size_t i = 0; i < json_object_array_length(targets); i++) {
                struct json_object *target = json_object_array_get_idx(targets, i);
                char path[sizeof STMBOOT_TARGET_PREFIX + STMBOOT_TARGET_NAME_MAX + 1];

                if (!*json_text(target, "image_file") &&
                    strcmp(json_text(target, "state"), "broken") != 0)
                        continue;
                (void)snprintf(path, sizeof path, "%s/%s", STMBOOT_TARGET_PREFIX,
                               json_text(target, "name"));
                code = selection_add(selection, path);
                if (code != STMBOOT_EXIT_DONE)
                        return code;
        }
        return STMBOOT_EXIT_DONE;
}

static int new_call(struct client *client, const struct options *options, const char *path,
                    sd_bus_message **ret) {
        int code = client_new_call(client, path, STMBOOT_TARGET_INTERFACE, "Sync", ret);

        return code != STMBOOT_EXIT_DONE ? code : call_options_append(*ret, options);
}

/* One element of JSON's array: what was started, or why it was not. */
static int start_one(struct client *client, const struct options *options, const char *path,
                     struct json_object **ret) {
        _cleanup_message_ sd_bus_message *call = NULL;

        int code = new_call(client, options, path, &call);
        if (code == STMBOOT_EXIT_DONE)
                code = job_start(client, path, call, ret);
        if (code != STMBOOT_EXIT_DONE) {
                *ret = json_object_new_object();
                json_add_text(*ret, "target", client_target_name(path));
                output_add_failure(*ret, code);
        }
        return code;
}

static int start_only(struct client *client, const struct options *options,
                      const struct selection *selection) {
        _cleanup_json_ struct json_object *started = json_object_new_array();
        int worst = STMBOOT_EXIT_DONE;

        for (size_t i = 0; i < selection->n; i++) {
                struct json_object *object;

                int code = start_one(client, options, selection->paths[i], &object);
                int r = json_append(started, object);
                if (code == STMBOOT_EXIT_DONE && r < 0)
                        code = client_report_errno(r, "Cannot go on");
                if (code != STMBOOT_EXIT_DONE)
                        worst = worst == STMBOOT_EXIT_DONE || worst == code ? code
                                                                            : STMBOOT_EXIT_OTHER;
        }
        if (options->json != JSON_OFF) {
                int printed = output_json(options, started);

                worst = worst != STMBOOT_EXIT_DONE ? worst : printed;
        }
        return worst;
}

static int print_json(const struct options *options, const struct runner *runner) {
        _cleanup_json_ struct json_object *array = json_object_new_array();

        for (size_t i = 0; i < runner_jobs(runner); i++) {
                int r = json_append(array, job_to_json(runner_job(runner, i)));
                if (r < 0)
                        return client_report_errno(r, "Cannot go on");
        }
        return output_json(options, array);
}

static bool any_changed(const struct runner *runner) {
        for (size_t i = 0; i < runner_jobs(runner); i++)
                if (!json_flag(runner_job(runner, i)->properties, "unchanged"))
                        return true;
        return false;
}

static int run_all(struct client *client, const struct options *options,
                   const struct selection *selection) {
        _cleanup_(runner_freep) struct runner *runner = NULL;

        int code = runner_new(client, &runner);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        for (size_t i = 0; i < selection->n; i++) {
                _cleanup_message_ sd_bus_message *call = NULL;

                code = new_call(client, options, selection->paths[i], &call);
                if (code == STMBOOT_EXIT_DONE)
                        code = runner_add(runner, selection->paths[i], call, "brought up to date");
                if (code != STMBOOT_EXIT_DONE)
                        return code;
        }
        code = runner_run(runner);
        if (options->json != JSON_OFF) {
                int printed = print_json(options, runner);

                code = code != STMBOOT_EXIT_DONE ? code : printed;
        }
        if (code == STMBOOT_EXIT_DONE && options->exit_code && any_changed(runner))
                return STMBOOT_EXIT_DIFFERS;
        return code;
}

int cmd_sync(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_(selection_done) struct selection selection = { 0 };

        int code = n_args > 0 ? select_named(client, args, n_args, &selection)
                              : select_all(client, &selection);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (selection.n == 0 && !options->quiet)
                complain("No target has an image in its configuration; see File= in "
                         "stmboot.conf(5).");
        if (selection.n > 0 && options->erase && strcmp(options->erase, "all") == 0) {
                code = confirm(client, selection.paths, selection.n,
                               "This erases all of the flash of",
                               ", also what lies outside the image");
                if (code != STMBOOT_EXIT_DONE)
                        return code;
        }
        return options->no_wait ? start_only(client, options, &selection)
                                : run_all(client, options, &selection);
}
