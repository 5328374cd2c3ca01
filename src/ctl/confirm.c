/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/confirm.h"
#include "ctl/message_json.h"
#include "ctl/options.h"
#include "ctl/text.h"

/* "motor (STM32F405/407)"; an unknown chip is left out. */
static int print_target(struct client *client, const char *path, FILE *file) {
        _cleanup_json_ struct json_object *target = NULL;

        int code = client_get_all(client, path, STMBOOT_TARGET_INTERFACE, &target);
        if (code != STMBOOT_EXIT_DONE)
                return code;

        const char *chip = json_text(target, "chip");
        (void)fprintf(file, "%s%s%s%s", client_target_name(path), *chip ? " (" : "", chip,
                      *chip ? ")" : "");
        return STMBOOT_EXIT_DONE;
}

/* The question as one line; the caller frees. */
static int compose(struct client *client, char *const *paths, size_t n_paths, const char *before,
                   const char *after, char **ret) {
        _cleanup_free_ char *text = NULL;
        int code = STMBOOT_EXIT_DONE;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        if (!file)
                return client_report_errno(-ENOMEM, "Cannot go on");
        (void)fprintf(file, "%s ", before);
        for (size_t i = 0; i < n_paths && code == STMBOOT_EXIT_DONE; i++) {
                (void)fputs(i == 0 ? "" : ", ", file);
                code = print_target(client, paths[i], file);
        }
        (void)fprintf(file, "%s.", after);
        if (fclose(file) != 0)
                return client_report_errno(-ENOMEM, "Cannot go on");
        if (code == STMBOOT_EXIT_DONE)
                *ret = text_sanitise(TAKE_PTR(text), false);
        return code;
}

int confirm(struct client *client, char *const *paths, size_t n_paths, const char *before,
            const char *after) {
        _cleanup_free_ char *question = NULL;
        char answer[16] = "";

        if (client->options->yes)
                return STMBOOT_EXIT_DONE;
        int code = compose(client, paths, n_paths, before, after, &question);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
                complain("%s\nThere is no terminal to ask on, so nothing was done; --yes does it "
                         "without asking.",
                         question);
                return STMBOOT_EXIT_USAGE;
        }
        (void)fprintf(stderr, "%s Type 'yes' to go on: ", question);
        (void)fflush(stderr);
        if (fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0)
                return STMBOOT_EXIT_DONE;
        complain("Not confirmed, nothing was done.");
        return STMBOOT_EXIT_USAGE;
}
