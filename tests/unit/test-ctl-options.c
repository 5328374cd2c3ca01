/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/options.h"
#include "ctl/verb.h"
#include "stmboot/dbus.h"
#include "util/macro.h"

#define ARGS_MAX 16

/* What was parsed, and whether a complaint was printed. */
struct parsed {
        struct options options;
        const struct verb *verb;
        char **args;
        size_t n_args;
        int code;
        char complaint[512];
};

static char line_copy[512];
static char *line_argv[ARGS_MAX + 1];

/* Splits at blanks; stderr is caught. */
static struct parsed parse(const char *line) {
        struct parsed p = { 0 };
        int argc = 0, saved = dup(STDERR_FILENO), pipe_fds[2];

        (void)snprintf(line_copy, sizeof line_copy, "stmbootctl %s", line);
        for (char *word = strtok(line_copy, " "); word; word = strtok(NULL, " ")) {
                assert_true(argc < ARGS_MAX);
                line_argv[argc++] = word;
        }
        line_argv[argc] = NULL;

        assert_int_equal(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
        assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
        p.code = options_parse(argc, line_argv, &p.options, &p.verb, &p.args, &p.n_args);
        (void)fflush(stderr);
        assert_true(dup2(saved, STDERR_FILENO) >= 0);
        (void)read(pipe_fds[0], p.complaint, sizeof p.complaint - 1);
        (void)close(pipe_fds[0]);
        (void)close(pipe_fds[1]);
        (void)close(saved);
        return p;
}

static void options_and_arguments_may_stand_in_any_order(void **state) {
        static const char *const lines[] = {
                "flash motor fw.hex --erase=all -q -H me@gw",
                "--host me@gw flash --erase all motor -q fw.hex",
                "-qH me@gw --erase=all flash motor fw.hex",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                struct parsed p = parse(lines[i]);

                assert_int_equal(p.code, STMBOOT_EXIT_DONE);
                assert_string_equal(p.verb->name, "flash");
                assert_int_equal(p.n_args, 2);
                assert_string_equal(p.args[0], "motor");
                assert_string_equal(p.args[1], "fw.hex");
                assert_string_equal(p.options.erase, "all");
                assert_string_equal(p.options.host, "me@gw");
                assert_true(p.options.quiet);
                assert_string_equal(p.complaint, "");
        }
}

static void an_image_may_be_standard_input_or_begin_with_a_dash(void **state) {
        (void)state;
        struct parsed p = parse("flash motor -");
        assert_int_equal(p.n_args, 2);
        assert_string_equal(p.args[1], "-");

        p = parse("flash -- motor --fw.hex");
        assert_int_equal(p.n_args, 2);
        assert_string_equal(p.args[1], "--fw.hex");
}

static void check_means_how_with_flash_and_whether_with_sync(void **state) {
        (void)state;
        struct parsed p = parse("flash fw --check=full");
        assert_string_equal(p.options.check, "full");
        assert_true(p.options.if_different);
        assert_false(p.options.check_only);

        p = parse("sync --check motor");
        assert_true(p.options.check_only);
        assert_null(p.options.check);
        assert_string_equal(p.args[0], "motor");

        /* Else it would be taken for "do not write". */
        p = parse("flash fw --check");
        assert_int_equal(p.code, STMBOOT_EXIT_USAGE);
}

static void after_names_what_follows(void **state) {
        static const struct {
                const char *line, *after;
                bool has_address;
                uint64_t address;
        } cases[] = {
                { "flash fw", NULL, false, 0 },
                { "flash fw --after=run", "run", false, 0 },
                { "flash fw --no-run", "stay", false, 0 },
                { "flash fw --after=go", "go", false, 0 },
                { "flash fw --after=go:0x08004000", "go", true, 0x08004000 },
                { "flash fw --after=go:0x08004000 --after=stay", "stay", false, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct parsed p = parse(cases[i].line);

                assert_int_equal(p.code, STMBOOT_EXIT_DONE);
                if (cases[i].after)
                        assert_string_equal(p.options.after, cases[i].after);
                else
                        assert_null(p.options.after);
                assert_int_equal(p.options.go_address.set, cases[i].has_address);
                if (cases[i].has_address)
                        assert_int_equal(p.options.go_address.value, cases[i].address);
        }
}

static void json_has_a_form_or_finds_one(void **state) {
        (void)state;
        assert_int_equal(parse("list").options.json, JSON_OFF);
        assert_int_equal(parse("list --json=short").options.json, JSON_SHORT);
        assert_int_equal(parse("list --json=pretty").options.json, JSON_PRETTY);
        assert_int_equal(parse("list --json --json=off").options.json, JSON_OFF);
        assert_int_equal(parse("list --json").options.json,
                         isatty(STDOUT_FILENO) ? JSON_PRETTY : JSON_SHORT);
}

static void what_is_wrong_is_refused_and_named(void **state) {
        static const struct {
                const char *line, *complaint;
        } cases[] = {
                { "flsh motor fw", "Did you mean 'flash'" },
                { "probee", "Did you mean 'probe'" },
                { "frobnicate", "Unknown verb 'frobnicate'" },
                { "motor flash fw", "The verb comes first: stmbootctl flash motor" },
                { "motor", "Unknown verb 'motor'" },
                { "flash", "Missing arguments; usage: stmbootctl flash [TARGET] IMAGE" },
                { "flash a b c", "Too many arguments" },
                { "list motor", "Too many arguments; usage: stmbootctl list" },
                { "read 0x08000000", "Missing arguments" },
                { "flash fw --ersae=all", "Did you mean --erase" },
                { "flash fw --protect", "may be any of --protect-write --protect-readout" },
                { "flash fw -z", "Unknown option -z" },
                { "list --quiet=yes", "Option --quiet takes no value" },
                { "flash fw --erase=some", "Option --erase takes touched|all|none, not 'some'" },
                { "flash fw --erase=", "Option --erase takes" },
                { "flash fw --erase", "Option --erase needs a value" },
                { "flash fw --erase=touched|all", "Option --erase takes" },
                { "flash fw --check=record", "Option --check takes fast|full" },
                { "sync --check=fast", "Option --check takes no value with 'sync'" },
                { "flash fw --address=start",
                  "Option --address takes ADDRESS, as in 0x08000000, not 'start'" },
                { "flash fw --baud=0", "Option --baud takes RATE" },
                { "flash fw --baud=4294967296", "Option --baud takes RATE" },
                { "flash fw --after=go:", "Option --after takes" },
                { "flash fw --after=jump", "Option --after takes" },
                { "list --json=yaml", "Option --json takes" },
                { "read 0 4 --erase=all", "Option --erase does not apply to 'read'" },
                { "reset --baud=9600", "Option --baud does not apply to 'reset'" },
                { "list -H a -M b", "either --host or --machine" },
                { "flash fw --no-wait --stop-unit=app", "--stop-unit needs to wait" },
                { "flash fw -H", "Option --host needs a value" },
                { "flash fw --output=", "Option --output does not apply" },
                { "read 0 4 -o ", "Option --output needs a value" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct parsed p = parse(cases[i].line);

                if (p.code != STMBOOT_EXIT_USAGE || !strstr(p.complaint, cases[i].complaint))
                        fail_msg("'%s' gave %d and: %s", cases[i].line, p.code, p.complaint);
        }
}

static void help_and_version_need_no_arguments(void **state) {
        (void)state;
        assert_true(parse("--help").options.help);
        assert_null(parse("--help").verb);
        assert_true(parse("flash --help").options.help);
        assert_string_equal(parse("flash -h").verb->name, "flash");
        assert_true(parse("--version").options.version);
        assert_null(parse("").verb);
        assert_int_equal(parse("--check").code, STMBOOT_EXIT_DONE); /* the verb is asked for */
}

static void every_verb_is_in_the_table(void **state) {
        (void)state;
        for (size_t i = 0; i < VERB_MAX_; i++) {
                assert_non_null(verb_table[i].name);
                assert_non_null(verb_table[i].run);
                assert_ptr_equal(verb_find(verb_table[i].name), &verb_table[i]);
        }
}

static void the_nearest_verb_is_suggested(void **state) {
        static const struct {
                const char *word, *verb;
        } cases[] = {
                { "lst", "list" },
                { "falsh", "flash" },
                { "verfy", "verify" },
                { "opt", "option-bytes" },
                { "unprot", "unprotect" },
                { "status", NULL },
                { "", NULL },
                { "xyzzyxyzzy", NULL },
                { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *found = verb_suggest(cases[i].word);

                if (!cases[i].verb)
                        assert_null(found);
                else
                        assert_string_equal(found, cases[i].verb);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_and_arguments_may_stand_in_any_order),
                cmocka_unit_test(an_image_may_be_standard_input_or_begin_with_a_dash),
                cmocka_unit_test(check_means_how_with_flash_and_whether_with_sync),
                cmocka_unit_test(after_names_what_follows),
                cmocka_unit_test(json_has_a_form_or_finds_one),
                cmocka_unit_test(what_is_wrong_is_refused_and_named),
                cmocka_unit_test(help_and_version_need_no_arguments),
                cmocka_unit_test(every_verb_is_in_the_table),
                cmocka_unit_test(the_nearest_verb_is_suggested),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
