/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config_target.h"
#include "daemon/file.h"
#include "daemon/log.h"
#include "daemon/marker.h"
#include "daemon/safe_lines.h"

static bool needs_port(const struct target_config *config) {
        for (size_t i = 0; i < LINE_MAX_; i++)
                if (config->lines.line[i].wired && line_is_serial(&config->lines.line[i]))
                        return true;
        return false;
}

static int make_safe(const char *name, const struct target_config *config) {
        struct port *port = NULL;
        struct lines *lines;
        enum line which = LINE_RESET;

        if (config->is_virtual) /* died with the daemon */
                return 0;
        if (needs_port(config)) {
                int r = port_open_serial(config->port, &port);
                if (r == -ENODEV) /* unplugged, and its lines with it */
                        return 0;
                if (r < 0) {
                        log_write(LOG_ERR, name, NULL, "cannot open %s to make its lines safe: %s",
                                  config->port, strerror(-r));
                        return r;
                }
        }
        int r = lines_open(&config->lines, port, "stmbootd", &lines, &which);
        if (r < 0)
                log_write(LOG_ERR, name, NULL, "cannot make line %s:%s safe: %s",
                          config->lines.line[which].chip, config->lines.line[which].line,
                          strerror(-r));
        else {
                lines_close(lines);
                log_write(LOG_NOTICE, name, NULL, "made the lines safe");
        }
        port_close(port);
        return r < 0 ? r : 0;
}

static int handle_marker(const char *runtime_dir, const char *entry) {
        _cleanup_(target_config_freep) struct target_config *config = NULL;
        _cleanup_free_ char *path = NULL, *name = NULL;
        size_t length = strlen(entry);

        if (length <= strlen(MARKER_SUFFIX) ||
            strcmp(entry + length - strlen(MARKER_SUFFIX), MARKER_SUFFIX) != 0)
                return 0;
        name = strndup(entry, length - strlen(MARKER_SUFFIX));
        if (!name || asprintf(&path, "%s/%s", runtime_dir, entry) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        int r = marker_read(path, &config);
        if (r < 0 && r != -ENODATA) {
                log_write(LOG_ERR, name, NULL, "cannot read the marker %s: %s", path,
                          r == -EINVAL ? "it is damaged" : file_strerror(r));
                return r;
        }
        r = config ? make_safe(name, config) : 0;
        if (r == 0)
                marker_remove(runtime_dir, name);
        return r;
}

int safe_lines_run(const char *runtime_dir) {
        int result = 0;

        DIR *dir = opendir(runtime_dir);
        if (!dir)
                return errno == ENOENT ? 0 : -errno;
        for (struct dirent *entry; (entry = readdir(dir));) {
                int r = handle_marker(runtime_dir, entry->d_name);
                if (r < 0 && result == 0)
                        result = r;
        }
        (void)closedir(dir);
        return result;
}
