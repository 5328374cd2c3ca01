/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "util/macro.h"

#define TICK_NSEC 5000000

static const char bus_config[] =
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
        " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
        "<busconfig>\n"
        "  <type>system</type>\n"
        "  <listen>unix:dir=%s</listen>\n"
        "  <auth>EXTERNAL</auth>\n"
        "  <policy context=\"default\">\n"
        "    <allow user=\"*\"/><allow own=\"*\"/>\n"
        "    <allow send_destination=\"*\"/><allow receive_sender=\"*\"/>\n"
        "  </policy>\n"
        "</busconfig>\n";

static void tick(void) {
        (void)nanosleep(&(struct timespec){ .tv_nsec = TICK_NSEC }, NULL);
}

/* ---- files ---- */

char *harness_path(const struct harness *harness, const char *name) {
        char *path;

        assert_true(asprintf(&path, "%s/%s", harness->dir, name) > 0);
        return path;
}

static void make_parents(char *path) {
        for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                (void)mkdir(path, 0755);
                *slash = '/';
        }
}

void harness_write_bytes(struct harness *harness, const char *name, const void *data, size_t size) {
        _cleanup_free_ char *path = harness_path(harness, name);

        make_parents(path);
        _cleanup_fclose_ FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, size, file), size);
}

void harness_write(struct harness *harness, const char *name, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        assert_true(vasprintf(&text, format, ap) >= 0);
        va_end(ap);
        harness_write_bytes(harness, name, text, strlen(text));
}

char *harness_read(const struct harness *harness, const char *name) {
        _cleanup_free_ char *path = harness_path(harness, name);
        char *text = calloc(1, 1 << 16);

        assert_non_null(text);
        _cleanup_fclose_ FILE *file = fopen(path, "re");
        assert_non_null(file);
        text[fread(text, 1, (1 << 16) - 1, file)] = '\0';
        return text;
}

void harness_target(struct harness *harness, const char *name, const char *chip, const char *more) {
        _cleanup_free_ char *file = NULL;

        assert_true(asprintf(&file, "config/targets.d/%s.conf", name) > 0);
        harness_write(harness, file, "[Serial]\nPort=virtual:%s\n[Virtual]\n%s%s", chip,
                      strstr(more, "WireTime=") ? "" : "WireTime=no\n", more);
}

/* ---- processes ---- */

static pid_t spawn(const char *const *argv, const struct harness *harness, const char *output) {
        _cleanup_free_ char *path = harness_path(harness, output);

        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid > 0)
                return pid;

        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
        if (harness->address)
                (void)setenv("DBUS_SYSTEM_BUS_ADDRESS", harness->address, 1);
        (void)unsetenv("NOTIFY_SOCKET");
        (void)execvp(argv[0], (char *const *)argv);
        _exit(127);
}

static int reap(pid_t *pid) {
        int status;

        assert_int_equal(waitpid(*pid, &status, 0), *pid);
        *pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void start_bus(struct harness *harness) {
        _cleanup_free_ char *config = NULL;

        harness_write(harness, "bus.conf", bus_config, harness->dir);
        assert_true(asprintf(&config, "--config-file=%s/bus.conf", harness->dir) > 0);

        const char *argv[] = { "dbus-daemon", config, "--nofork", "--print-address", NULL };
        harness->bus_pid = spawn(argv, harness, "bus.log");
        for (unsigned i = 0; i < 2000; i++) {
                _cleanup_free_ char *address = harness_read(harness, "bus.log");
                char *end = strchr(address, '\n');

                if (end) {
                        *end = '\0';
                        harness->address = TAKE_PTR(address);
                        return;
                }
                tick();
        }
        fail_msg("dbus-daemon does not start");
}

sd_bus *harness_connect(const struct harness *harness) {
        sd_bus *bus;

        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_address(bus, harness->address) >= 0);
        assert_true(sd_bus_set_bus_client(bus, true) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

void harness_stop_bus(struct harness *harness) {
        (void)kill(harness->bus_pid, SIGTERM);
        (void)reap(&harness->bus_pid);
}

int harness_setup(void **state) {
        struct harness *harness = calloc(1, sizeof(*harness));
        const char *tmp = getenv("TMPDIR") ?: "/tmp";

        assert_non_null(harness);
        assert_true(asprintf(&harness->dir, "%s/stmboot-bus-XXXXXX", tmp) > 0);
        assert_non_null(mkdtemp(harness->dir));
        harness_write(harness, "bus.log", "%s", "");
        harness_write(harness, "state/run/.keep", "%s", "");
        harness_write(harness, "config/targets.d/.keep", "%s", "");
        harness_write(harness, "firmware/.keep", "%s", "");
        harness_write(harness, "config/stmbootd.conf",
                      "[Manager]\nFirmwareDirectories=%s/firmware\n", harness->dir);
        start_bus(harness);
        harness->bus = harness_connect(harness);
        *state = harness;
        return 0;
}

int harness_teardown(void **state) {
        struct harness *harness = *state;
        int status = harness->daemon_pid ? harness_stop(harness, SIGTERM) : 0;

        if (status != 0) {
                _cleanup_free_ char *log = harness_read(harness, "daemon.log");
                print_error("the daemon ended with %d:\n%s\n", status, log);
        }
        sd_bus_flush_close_unref(harness->bus);
        if (harness->bus_pid)
                harness_stop_bus(harness);

        pid_t pid = fork();
        if (pid == 0) {
                (void)execlp("rm", "rm", "-rf", harness->dir, (char *)NULL);
                _exit(127);
        }
        (void)reap(&pid);
        free(harness->dir);
        free(harness->address);
        free(harness);
        return status != 0;
}

static bool daemon_serves(struct harness *harness) {
        _cleanup_reply_ sd_bus_message *reply = NULL;
        int owned = 0;

        assert_true(sd_bus_call_method(harness->bus, "org.freedesktop.DBus",
                                       "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                       "NameHasOwner", NULL, &reply, "s", STMBOOT_BUS_NAME) >= 0);
        assert_true(sd_bus_message_read(reply, "b", &owned) >= 0);
        return owned;
}

void harness_spawn(struct harness *harness) {
        _cleanup_free_ char *config = NULL, *state = NULL, *wrapper = NULL;
        const char *argv[16] = { NULL };
        char *rest = NULL;
        size_t n = 0;

        const char *daemon = getenv(harness->pty ? "STMBOOTD_PTY" : "STMBOOTD");

        assert_non_null(daemon);
        wrapper = strdup(getenv("STMBOOTD_WRAPPER") ?: "");
        for (char *word = strtok_r(wrapper, " ", &rest); word && n < 10;
             word = strtok_r(NULL, " ", &rest))
                argv[n++] = word;
        assert_true(asprintf(&config, "--config-dir=%s/config", harness->dir) > 0);
        assert_true(asprintf(&state, "--state-dir=%s/state", harness->dir) > 0);
        argv[n++] = daemon;
        argv[n++] = config;
        argv[n++] = state;
        argv[n++] = harness->argument;

        harness->daemon_pid = spawn(argv, harness, "daemon.log");
}

void harness_start(struct harness *harness) {
        harness_spawn(harness);
        while (!daemon_serves(harness)) {
                int status;

                if (waitpid(harness->daemon_pid, &status, WNOHANG) > 0) {
                        _cleanup_free_ char *log = harness_read(harness, "daemon.log");

                        harness->daemon_pid = 0;
                        fail_msg("the daemon does not start: %s", log);
                }
                tick();
        }
}

int harness_stop(struct harness *harness, int signal) {
        assert_int_equal(kill(harness->daemon_pid, signal), 0);
        return reap(&harness->daemon_pid);
}

/* ---- calls ---- */

void harness_process(struct harness *harness) {
        int r = sd_bus_process(harness->bus, NULL);

        assert_true(r >= 0);
        if (r == 0)
                assert_true(sd_bus_wait(harness->bus, HARNESS_TIMEOUT) > 0);
}

static int call(struct harness *harness, const char *path, const char *interface,
                const char *member, sd_bus_error *error, sd_bus_message **reply, const char *types,
                va_list ap) {
        _cleanup_reply_ sd_bus_message *message = NULL;

        assert_true(sd_bus_message_new_method_call(harness->bus, &message, STMBOOT_BUS_NAME, path,
                                                   interface, member) >= 0);
        assert_true(sd_bus_message_appendv(message, types, ap) >= 0);
        return sd_bus_call(harness->bus, message, HARNESS_TIMEOUT, error, reply);
}

int harness_call(struct harness *harness, const char *path, const char *interface,
                 const char *member, sd_bus_error *error, sd_bus_message **reply, const char *types,
                 ...) {
        va_list ap;

        va_start(ap, types);
        int r = call(harness, path, interface, member, error, reply, types, ap);
        va_end(ap);
        return r;
}

static char *start_job(struct harness *harness, const char *target, const char *member,
                       sd_bus_error *error, const char *types, va_list ap) {
        _cleanup_reply_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = NULL;
        const char *job;

        assert_true(asprintf(&path, STMBOOT_TARGET_PREFIX "/%s", target) > 0);
        if (call(harness, path, STMBOOT_TARGET_INTERFACE, member, error, &reply, types, ap) < 0)
                return NULL;
        assert_true(sd_bus_message_read(reply, "o", &job) >= 0);
        return strdup(job);
}

char *harness_job(struct harness *harness, const char *target, const char *member,
                  sd_bus_error *error, const char *types, ...) {
        va_list ap;

        va_start(ap, types);
        char *job = start_job(harness, target, member, error, types, ap);
        va_end(ap);
        return job;
}

char *harness_slow_flash(struct harness *harness) {
        harness_target(harness, "motor", "STM32G431", SLOW);
        harness_firmware(harness, "motor.bin", SLOW_SIZE, 1);
        harness_start(harness);
        char *job = harness_job(harness, "motor", "Flash", NULL, "sa{sv}", "motor.bin", 0);

        assert_non_null(job);
        return job;
}

void harness_reload(struct harness *harness) {
        assert_true(harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "Reload", NULL,
                                 NULL, "") >= 0);
}

int harness_wait(struct harness *harness, const char *job, sd_bus_error *error) {
        return harness_call(harness, job, STMBOOT_JOB_INTERFACE, "Wait", error, NULL, "");
}

void harness_cancel(struct harness *harness, const char *job) {
        assert_true(harness_call(harness, job, STMBOOT_JOB_INTERFACE, "Cancel", NULL, NULL, "") >=
                    0);
}

static char *job_done(struct harness *harness, const char *target, const char *member,
                      const char *types, va_list ap) {
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        char *job = start_job(harness, target, member, &error, types, ap);

        if (!job || harness_wait(harness, job, &error) < 0)
                fail_msg("%s: %s: %s: %s", target, member, error.name, error.message);
        return job;
}

char *harness_done(struct harness *harness, const char *target, const char *member,
                   const char *types, ...) {
        va_list ap;

        va_start(ap, types);
        char *job = job_done(harness, target, member, types, ap);
        va_end(ap);
        return job;
}

void harness_do(struct harness *harness, const char *target, const char *member, const char *types,
                ...) {
        va_list ap;

        va_start(ap, types);
        free(job_done(harness, target, member, types, ap));
        va_end(ap);
}

char *harness_get(struct harness *harness, const char *path, const char *property) {
        const char *interface = strncmp(path, STMBOOT_JOB_PREFIX, strlen(STMBOOT_JOB_PREFIX)) == 0
                                        ? STMBOOT_JOB_INTERFACE
                                        : STMBOOT_TARGET_INTERFACE;
        _cleanup_reply_ sd_bus_message *reply = NULL;
        const char *type, *string = NULL;
        uint64_t number = 0;
        char *text = NULL;

        assert_true(harness_call(harness, path, "org.freedesktop.DBus.Properties", "Get", NULL,
                                 &reply, "ss", interface, property) >= 0);
        assert_true(sd_bus_message_peek_type(reply, NULL, &type) > 0);
        assert_true(sd_bus_message_enter_container(reply, 'v', type) > 0);
        if (type[0] == 's' || type[0] == 'o') {
                assert_true(sd_bus_message_read_basic(reply, type[0], &string) > 0);
                return strdup(string);
        }
        assert_true(sd_bus_message_read_basic(reply, type[0], &number) > 0);
        assert_true(asprintf(&text, "%llu", (unsigned long long)number) > 0);
        return text;
}

char *harness_get_target(struct harness *harness, const char *target, const char *property) {
        _cleanup_free_ char *path = NULL;

        assert_true(asprintf(&path, STMBOOT_TARGET_PREFIX "/%s", target) > 0);
        return harness_get(harness, path, property);
}

char *harness_trace(struct harness *harness, const char *target, bool raw) {
        _cleanup_reply_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = NULL;
        const char *trace;

        assert_true(asprintf(&path, STMBOOT_TARGET_PREFIX "/%s", target) > 0);
        assert_true(harness_call(harness, path, STMBOOT_TARGET_INTERFACE, "GetTrace", NULL, &reply,
                                 "b", raw) >= 0);
        assert_true(sd_bus_message_read(reply, "s", &trace) > 0);
        return strdup(trace);
}

static void await(struct harness *harness, const char *path, const char *property,
                  const char *value) {
        for (unsigned i = 0; i < HARNESS_TIMEOUT * 1000 / TICK_NSEC; i++) {
                _cleanup_free_ char *now = harness_get(harness, path, property);

                if (strcmp(now, value) == 0)
                        return;
                tick();
        }
        fail_msg("%s of %s does not become %s", property, path, value);
}

void harness_await_state(struct harness *harness, const char *target, const char *state) {
        _cleanup_free_ char *path = NULL;

        assert_true(asprintf(&path, STMBOOT_TARGET_PREFIX "/%s", target) > 0);
        await(harness, path, "State", state);
}

void harness_await_phase(struct harness *harness, const char *job, const char *phase) {
        await(harness, job, "Phase", phase);
}

/* ---- firmware ---- */

uint8_t *firmware_new(size_t size, unsigned version) {
        uint8_t *data = malloc(size);
        const uint32_t vectors[] = { 0x20001000, 0x08000101 };
        uint32_t random = version * 2654435761U + 1;

        assert_non_null(data);
        assert_true(size >= sizeof(vectors));
        for (size_t i = 0; i < size; i++) {
                random = random * 1664525 + 1013904223; /* Numerical Recipes */
                data[i] = (uint8_t)(random >> 24);
        }
        memcpy(data, vectors, sizeof(vectors));
        return data;
}

void harness_firmware(struct harness *harness, const char *name, size_t size, unsigned version) {
        _cleanup_free_ uint8_t *data = firmware_new(size, version);
        _cleanup_free_ char *path = NULL;

        assert_true(asprintf(&path, "firmware/%s", name) > 0);
        harness_write_bytes(harness, path, data, size);
}
