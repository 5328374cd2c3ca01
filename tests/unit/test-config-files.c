/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which of several files counts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"

struct fixture {
        char dir[32];
        char etc[64], run[64], lib[64];
        struct config_paths paths;
};

static void make(const char *format, ...) {
        char command[256];
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(command, sizeof(command), format, ap);
        va_end(ap);
        assert_int_equal(system(command), 0);
}

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        strcpy(fixture->dir, "/tmp/stmboot-config-XXXXXX");
        assert_non_null(mkdtemp(fixture->dir));
        (void)snprintf(fixture->etc, sizeof(fixture->etc), "%s/etc", fixture->dir);
        (void)snprintf(fixture->run, sizeof(fixture->run), "%s/run", fixture->dir);
        (void)snprintf(fixture->lib, sizeof(fixture->lib), "%s/lib", fixture->dir);
        make("mkdir -p %s/targets.d %s/targets.d", fixture->etc, fixture->lib); /* no run/ */
        fixture->paths = (struct config_paths){
                .dirs = { fixture->etc, fixture->run, fixture->lib },
                .n_dirs = 3,
        };
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        make("rm -r %s", fixture->dir);
        free(fixture);
        return 0;
}

static void the_stronger_file_of_a_name_counts(void **state) {
        struct fixture *fixture = *state;
        struct config_file *files;
        char path[128];
        size_t n;

        make("cd %s/targets.d && touch both.conf upper.conf hidden.conf~ .hidden.conf readme 1.conf",
             fixture->etc);
        make("cd %s/targets.d && touch both.conf lower.conf masked.conf", fixture->lib);
        make("ln -s /dev/null %s/targets.d/masked.conf", fixture->etc);

        assert_int_equal(config_list_targets(&fixture->paths, &files, &n), 0);
        assert_int_equal(n, 4);
        assert_string_equal(files[0].name, "1"); /* this one is for misnamed.h */
        assert_string_equal(files[1].name, "both");
        (void)snprintf(path, sizeof(path), "%s/targets.d/both.conf", fixture->etc);
        assert_string_equal(files[1].path, path);
        assert_string_equal(files[2].name, "lower");
        assert_string_equal(files[3].name, "upper");
        config_files_free(files, n);
}

static void the_strongest_main_file_counts_alone(void **state) {
        struct fixture *fixture = *state;
        _cleanup_(config_freep) struct config *first = NULL, *second = NULL, *third = NULL;
        _cleanup_free_ char *reason = NULL;

        make("printf '[Manager]\\nFirmwareDirectories=/lib\\n' >%s/stmbootd.conf", fixture->lib);
        assert_int_equal(config_load(&fixture->paths, &first, &reason), 0);
        assert_string_equal(first->firmware_directories[0], "/lib");

        make("printf '[Manager]\\nFirmwareDirectories=/etc\\n' >%s/stmbootd.conf", fixture->etc);
        assert_int_equal(config_load(&fixture->paths, &second, &reason), 0);
        assert_string_equal(second->firmware_directories[0], "/etc");
        assert_null(second->firmware_directories[1]);

        make("ln -sf /dev/null %s/stmbootd.conf", fixture->etc);
        assert_int_equal(config_load(&fixture->paths, &third, &reason), 0);
        assert_string_not_equal(third->firmware_directories[0], "/lib");
}

static void what_is_no_file_is_an_error(void **state) {
        struct fixture *fixture = *state;
        struct config *config = NULL;
        _cleanup_free_ char *reason = NULL;

        make("mkdir %s/stmbootd.conf", fixture->etc);
        assert_true(config_load(&fixture->paths, &config, &reason) < 0);
        assert_non_null(strstr(reason, "not a regular file"));
}

static void paths_come_from_options_or_from_systemd(void **state) {
        struct config_paths paths;

        (void)state;
        assert_int_equal(config_paths_init(&paths, "/c", "/s"), 0);
        assert_int_equal(paths.n_dirs, 1);
        assert_string_equal(paths.state_dir, "/s");
        assert_string_equal(paths.runtime_dir, "/s/run");
        config_paths_done(&paths);

        assert_int_equal(setenv("STATE_DIRECTORY", "/var/lib/private/stmboot", 1), 0);
        assert_int_equal(unsetenv("RUNTIME_DIRECTORY"), 0);
        assert_int_equal(config_paths_init(&paths, NULL, NULL), 0);
        assert_int_equal(paths.n_dirs, 3);
        assert_string_equal(paths.dirs[0], "/etc/stmboot");
        assert_string_equal(paths.state_dir, "/var/lib/private/stmboot");
        assert_string_equal(paths.runtime_dir, "/run/stmboot");
        config_paths_done(&paths);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_stronger_file_of_a_name_counts, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(the_strongest_main_file_counts_alone, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(what_is_no_file_is_an_error, setup, teardown),
                cmocka_unit_test(paths_come_from_options_or_from_systemd),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
