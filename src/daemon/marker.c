/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/marker.h"
#include "util/cleanup.h"
#include "util/macro.h"

static const char *const line_keys[] = {
        [LINE_RESET] = "Reset",
        [LINE_BOOT0] = "Boot0",
        [LINE_BOOT1] = "Boot1",
};

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
        (void)fprintf(file, "[Serial]\nPort=%s\n[Lines]\n", config->port);
        for (size_t i = 0; i < LINE_MAX_; i++) {
                const struct line_config *line = &config->lines.line[i];

                if (line->wired)
                        (void)fprintf(file, "%s=%s:%s%s%s\n", line_keys[i], line->chip,
                                      line->inverted ? "!" : "", line->line,
                                      bias_words[line->bias]);
        }
        return fflush(file) == EOF ? -errno : 0;
}

void marker_remove(const char *runtime_dir, const char *target) {
        _cleanup_free_ char *path = marker_path(runtime_dir, target);

        if (path)
                (void)unlink(path);
}
