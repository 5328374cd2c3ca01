/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/file.h"
#include "daemon/marker.h"
#include "util/cleanup.h"
#include "util/macro.h"

#define MARKER_SIZE_MAX 4096 /* far more than a port and three lines */

#define PORT_KEY "Port"

static const char *const bias_words[] = {
        [LINE_BIAS_AS_IS] = "",
        [LINE_BIAS_NONE] = " no-pull",
        [LINE_BIAS_PULL_UP] = " pull-up",
        [LINE_BIAS_PULL_DOWN] = " pull-down",
};

static char *marker_path(const char *runtime_dir, const char *target) {
        char *path;

        return asprintf(&path, "%s/%s" MARKER_SUFFIX, runtime_dir, target) < 0 ? NULL : path;
}

int marker_write(const char *runtime_dir, const char *target, const struct target_config *config) {
        _cleanup_free_ char *path = marker_path(runtime_dir, target);

        if (!path)
                return -ENOMEM;

        _cleanup_fclose_ FILE *file = fopen(path, "we");
        if (!file)
                return -errno;
        (void)fprintf(file, PORT_KEY "=%s\n", config->port);
        for (size_t i = 0; i < LINE_MAX_; i++) {
                const struct line_config *line = &config->lines.line[i];

                if (line->wired)
                        (void)fprintf(file, "%s=%s:%s%s%s\n", line_keys[i], line->chip,
                                      line->inverted ? "!" : "", line->line,
                                      bias_words[line->bias]);
        }
        if (fflush(file) == EOF) {
                int r = -errno;

                (void)unlink(path); /* half of it would be taken for all of it */
                return r;
        }
        return 0;
}

static int read_line(struct target_config *config, const char *key, const char *value) {
        if (strcmp(key, PORT_KEY) == 0 && !config->port) {
                config->is_virtual = strncmp(value, VIRTUAL_PREFIX, strlen(VIRTUAL_PREFIX)) == 0;
                config->port = strdup(value);
                return config->port ? 0 : -ENOMEM;
        }
        for (size_t i = 0; i < LINE_MAX_; i++)
                if (strcmp(key, line_keys[i]) == 0)
                        return line_config_parse(value, NULL, &config->lines.line[i]);
        return -EINVAL;
}

int marker_read(const char *path, struct target_config **ret) {
        _cleanup_(target_config_freep) struct target_config *config = target_config_new();
        _cleanup_free_ uint8_t *data = NULL;
        size_t size;

        if (!config)
                return -ENOMEM;
        int r = file_read(path, MARKER_SIZE_MAX, &data, &size);
        if (r < 0)
                return r;
        if (size == 0)
                return -ENODATA;
        for (char *line = (char *)data, *rest; *line; line = rest) {
                char *end = strchr(line, '\n'), *equals = strchr(line, '=');

                if (!end || !equals || equals > end)
                        return -EINVAL;
                rest = end + 1;
                *end = *equals = '\0';
                r = read_line(config, line, equals + 1);
                if (r < 0)
                        return r;
        }
        if (!config->port)
                return -EINVAL;
        *ret = TAKE_PTR(config);
        return 0;
}

void marker_remove(const char *runtime_dir, const char *target) {
        _cleanup_free_ char *path = marker_path(runtime_dir, target);

        if (path)
                (void)unlink(path);
}
