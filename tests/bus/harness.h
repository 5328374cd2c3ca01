/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "stmboot/dbus.h"
#include "util/cleanup.h"

/*
 * The unmodified stmbootd on a bus of its own, with its own configuration, state and firmware
 * directory below `dir`. $STMBOOTD is the daemon; $STMBOOTD_WRAPPER may hold a command to run it
 * under ("valgrind -q --error-exitcode=99"). Whatever fails here fails the test.
 */
struct harness {
        char *dir;
        char *address;
        const char *argument;      /* one more for the daemon, or NULL */
        bool pty;                  /* $STMBOOTD_PTY, for which a pty is as good as a UART */
        pid_t bus_pid, daemon_pid; /* 0: not running */
        sd_bus *bus;
};

/* cmocka fixtures: a bus and empty directories, no daemon yet. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* Writes "%s" of `format` to DIR/`name`; directories are made. */
void harness_write(struct harness *harness, const char *name, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void harness_write_bytes(struct harness *harness, const char *name, const void *data, size_t size);
/* DIR/`name`; the caller's. */
char *harness_path(const struct harness *harness, const char *name);
char *harness_read(const struct harness *harness, const char *name);

/*
 * Writes targets.d/`name`.conf: a virtual `chip`, without wire time unless `more`, which goes on in
 * [Virtual], has it otherwise.
 */
void harness_target(struct harness *harness, const char *name, const char *chip, const char *more);

/* `more` of a target where a flash of so many bytes can be caught in the middle. */
#define SLOW      "WireTime=yes\n"
#define SLOW_SIZE 60000

/* Starts the daemon. */
void harness_spawn(struct harness *harness);
/* Starts it and waits until it serves. */
void harness_start(struct harness *harness);
/* Sends `signal` (0: none) and waits for the end. Returns the exit status; -signal if one killed
 * it. */
int harness_stop(struct harness *harness, int signal);
/* The bus goes away, in front of everybody. */
void harness_stop_bus(struct harness *harness);

/* ---- calls ---- */

#define HARNESS_TIMEOUT (120 * 1000000ULL)

/* Another client of the bus; the caller's. */
sd_bus *harness_connect(const struct harness *harness);

/* Handles what has come for harness->bus, or waits until something does. */
void harness_process(struct harness *harness);

/* Calls a method; returns 0, or negative with *error set. `reply` may be NULL. */
int harness_call(struct harness *harness, const char *path, const char *interface,
                 const char *member, sd_bus_error *error, sd_bus_message **reply, const char *types,
                 ...);

/* Calls a method of Target that starts a job; returns its path, or NULL with *error set. */
char *harness_job(struct harness *harness, const char *target, const char *member,
                  sd_bus_error *error, const char *types, ...);

/* Makes a target motor that is SLOW, starts the daemon, and a flash that can be caught in the
 * middle. Returns its path, the caller's. */
char *harness_slow_flash(struct harness *harness);

/* Manager.Reload, which has to succeed. */
void harness_reload(struct harness *harness);

/* Job.Wait. Returns 0 or negative with *error set. */
int harness_wait(struct harness *harness, const char *job, sd_bus_error *error);

/* Job.Cancel; does not wait. */
void harness_cancel(struct harness *harness, const char *job);

/* Starts a job with types and arguments, waits for it, and wants it done. Returns its path. */
char *harness_done(struct harness *harness, const char *target, const char *member,
                   const char *types, ...);

/* The same, where the path does not matter. */
void harness_do(struct harness *harness, const char *target, const char *member, const char *types,
                ...);

/* A property as text, whatever its type; the caller's. */
char *harness_get(struct harness *harness, const char *path, const char *property);
char *harness_get_target(struct harness *harness, const char *target, const char *property);

/* A target's trace, decoded or raw; the caller's. */
char *harness_trace(struct harness *harness, const char *target, bool raw);

/* Waits until a target's State is `state`. */
void harness_await_state(struct harness *harness, const char *target, const char *state);
/* Waits until a job is in `phase`. */
void harness_await_phase(struct harness *harness, const char *job, const char *phase);

#define assert_error(error, short_name)                                                            \
        assert_string_equal((error)->name, STMBOOT_ERROR_PREFIX short_name)
#define assert_property(harness, target, property, value)                                          \
        do {                                                                                       \
                _cleanup_free_ char *_value = harness_get_target(harness, target, property);       \
                assert_string_equal(_value, value);                                                \
        } while (0)
#define assert_job_property(harness, job, property, value)                                         \
        do {                                                                                       \
                _cleanup_free_ char *_value = harness_get(harness, job, property);                 \
                assert_string_equal(_value, value);                                                \
        } while (0)
#define assert_contains(text, part)                                                                \
        do {                                                                                       \
                if (!strstr(text, part))                                                           \
                        fail_msg("\"%s\" is not in: %s", part, text);                              \
        } while (0)

/* ---- firmware ---- */

/* A raw image of `size` bytes for flash at 0x08000000, with a valid vector table, told apart by
 * `version`. The caller's. */
uint8_t *firmware_new(size_t size, unsigned version);

/* Writes one into the firmware directory. */
void harness_firmware(struct harness *harness, const char *name, size_t size, unsigned version);

static inline void sd_bus_error_donep(sd_bus_error *error) {
        sd_bus_error_free(error);
}
#define _cleanup_error_ _cleanup_(sd_bus_error_donep)
#define _cleanup_reply_ _cleanup_(sd_bus_message_unrefp)
