/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "daemon/log.h"
#include "util/cleanup.h"

static const char *const level_names[] = {
        [LOG_EMERG] = "emerg", [LOG_ALERT] = "alert",     [LOG_CRIT] = "crit",
        [LOG_ERR] = "err",     [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
        [LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
};

static const char *const sink_names[] = {
        [LOG_SINK_AUTO] = "auto",
        [LOG_SINK_JOURNAL] = "journal",
        [LOG_SINK_CONSOLE] = "console",
        [LOG_SINK_NULL] = "null",
};

static int max_level = LOG_INFO;
static enum log_sink current_sink = LOG_SINK_AUTO;

void log_set_sink(enum log_sink sink) {
        current_sink = sink;
}

enum log_sink log_sink(void) {
        return current_sink;
}

const char *log_sink_to_string(enum log_sink sink) {
        return sink_names[sink];
}

bool log_sink_from_string(const char *text, enum log_sink *ret) {
        for (size_t i = 0; i < ARRAY_SIZE(sink_names); i++)
                if (strcmp(text, sink_names[i]) == 0) {
                        *ret = (enum log_sink)i;
                        return true;
                }
        return false;
}

void log_set_level(int level) {
        max_level = level;
}

int log_level(void) {
        return max_level;
}

const char *log_level_to_string(int level) {
        return level_names[level];
}

bool log_level_from_string(const char *text, int *ret) {
        for (size_t i = 0; i < ARRAY_SIZE(level_names); i++)
                if (strcmp(text, level_names[i]) == 0) {
                        *ret = (int)i;
                        return true;
                }
        return false;
}

/* systemd.exec(5), JOURNAL_STREAM: device and inode of the stream that the service was given. */
static bool stderr_is_journal(void) {
        unsigned long long device, inode;
        struct stat st;
        const char *stream = getenv("JOURNAL_STREAM");

        return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
               fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static size_t add_field(struct iovec *iov, size_t n, char **field, const char *format,
                        const char *value) {
        if (!value || asprintf(field, format, value) < 0)
                return n;
        iov[n] = (struct iovec){ .iov_base = *field, .iov_len = strlen(*field) };
        return n + 1;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void write_journal(int level, const char *target, const char *job, const char *message) {
        _cleanup_free_ char *message_field = NULL, *target_field = NULL, *job_field = NULL;
        char priority[] = { 'P', 'R', 'I', 'O', 'R', 'I', 'T', 'Y', '=', (char)('0' + level) };
        struct iovec iov[4] = { { .iov_base = priority, .iov_len = sizeof(priority) } };
        size_t n = 1;

        n = add_field(iov, n, &message_field, "MESSAGE=%s", message);
        n = add_field(iov, n, &target_field, "STMBOOT_TARGET=%s", target);
        n = add_field(iov, n, &job_field, "STMBOOT_JOB=%s", job);
        (void)sd_journal_sendv(iov, (int)n);
}
#pragma GCC diagnostic pop

void log_write(int level, const char *target, const char *job, const char *format, ...) {
        _cleanup_free_ char *text = NULL, *message = NULL;
        va_list ap;

        if (level > max_level || current_sink == LOG_SINK_NULL)
                return;

        va_start(ap, format);
        int r = vasprintf(&text, format, ap);
        va_end(ap);
        if (r < 0) {
                text = NULL;
                return;
        }
        if (target && asprintf(&message, "%s: %s", target, text) < 0)
                message = NULL;

        if (current_sink == LOG_SINK_JOURNAL ||
            (current_sink == LOG_SINK_AUTO && stderr_is_journal()))
                write_journal(level, target, job, message ? message : text);
        else
                (void)fprintf(stderr, "%s\n", message ? message : text);
}
