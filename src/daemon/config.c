/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config.h"
#include "daemon/file.h"
#include "daemon/log.h"
#include "daemon/settings.h"

#define FILE_SIZE_MAX   (64U << 10)
#define DIRECTORIES_MAX 32
#define TARGETS_MAX     256

static const char *const system_dirs[] = { "/etc/stmboot", "/run/stmboot", "/usr/lib/stmboot" };

static const char *const default_firmware_directories[] = {
        "/var/lib/stmboot/firmware",
        "/usr/local/lib/firmware/stmboot",
        "/usr/lib/firmware/stmboot",
};

/* ---- where files are ---- */

/* What systemd passes is a list with one entry here, since the unit names one directory. */
static char *dir_from_environment(const char *variable, const char *otherwise) {
        const char *value = getenv(variable);

        return strdup(value && value[0] == '/' && !strchr(value, ':') ? value : otherwise);
}

int config_paths_init(struct config_paths *paths, const char *config_dir, const char *state_dir) {
        *paths = (struct config_paths){ 0 };

        if (config_dir)
                paths->dirs[paths->n_dirs++] = config_dir;
        else
                for (size_t i = 0; i < ARRAY_SIZE(system_dirs); i++)
                        paths->dirs[paths->n_dirs++] = system_dirs[i];

        if (state_dir) {
                paths->state_dir = strdup(state_dir);
                if (asprintf(&paths->runtime_dir, "%s/run", state_dir) < 0)
                        paths->runtime_dir = NULL;
        } else {
                paths->state_dir = dir_from_environment("STATE_DIRECTORY", "/var/lib/stmboot");
                paths->runtime_dir = dir_from_environment("RUNTIME_DIRECTORY", "/run/stmboot");
        }
        if (paths->state_dir && paths->runtime_dir)
                return 0;
        config_paths_done(paths);
        return -ENOMEM;
}

void config_paths_done(struct config_paths *paths) {
        free(paths->state_dir);
        free(paths->runtime_dir);
        *paths = (struct config_paths){ 0 };
}

/* As systemd does it: a link to /dev/null in a stronger place hides a file in a weaker one. */
static bool is_masked(const char *path) {
        struct stat st, null;

        return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && stat("/dev/null", &null) == 0 &&
               st.st_rdev == null.st_rdev;
}

/* ---- stmbootd.conf ---- */

static size_t strv_length(char **strings) {
        size_t n = 0;

        while (strings && strings[n])
                n++;
        return n;
}

static void strv_clear(char **strings) {
        for (size_t i = 0; strings && strings[i]; i++)
                free(strings[i]);
        free(strings);
}

static int strv_append(char ***strings, const char *text) {
        size_t n = strv_length(*strings);
        char **longer = realloc(*strings, (n + 2) * sizeof(*longer));

        if (!longer)
                return -ENOMEM;
        *strings = longer;
        longer[n] = strdup(text);
        longer[n + 1] = NULL;
        return longer[n] ? 0 : -ENOMEM;
}

static int assign_directories(struct config *config, const char *value, char **ret_reason) {
        _cleanup_free_ char *list = strdup(value);
        char *state = NULL;

        if (!list)
                return -ENOMEM;
        if (value[0] == '\0') { /* forget those above */
                strv_clear(config->firmware_directories);
                config->firmware_directories = NULL;
        }
        for (char *dir = strtok_r(list, " \t", &state); dir; dir = strtok_r(NULL, " \t", &state)) {
                if (dir[0] != '/')
                        return settings_reason(ret_reason, "\"%s\" is not an absolute path", dir);
                if (strv_length(config->firmware_directories) == DIRECTORIES_MAX)
                        return settings_reason(ret_reason, "more than %d directories",
                                               DIRECTORIES_MAX);
                int r = strv_append(&config->firmware_directories, dir);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int assign(const char *section, const char *key, const char *value, unsigned line,
                  void *userdata, char **ret_reason) {
        struct config *config = userdata;

        (void)line;
        if (strcmp(section, "Manager") != 0)
                return settings_reason(ret_reason, "unknown section [%s]", section);
        if (!key)
                return 0;
        if (strcmp(key, "FirmwareDirectories") == 0)
                return assign_directories(config, value, ret_reason);
        if (strcmp(key, "LogLevel") == 0) {
                config->has_log_level = log_level_from_string(value, &config->log_level);
                return config->has_log_level
                               ? 0
                               : settings_reason(ret_reason, "unknown LogLevel= \"%s\"", value);
        }
        return settings_reason(ret_reason, "unknown key %s= in [%s]", key, section);
}

int config_parse(const char *file, const char *data, size_t size, struct config **ret,
                 char **ret_reason) {
        _cleanup_(config_freep) struct config *config = calloc(1, sizeof(*config));

        if (!config)
                return -ENOMEM;
        config->log_level = LOG_INFO;

        int r = settings_read(file, data, size, assign, config, ret_reason);
        if (r < 0)
                return r;
        if (!config->firmware_directories)
                for (size_t i = 0; i < ARRAY_SIZE(default_firmware_directories); i++) {
                        r = strv_append(&config->firmware_directories,
                                        default_firmware_directories[i]);
                        if (r < 0)
                                return r;
                }
        *ret = TAKE_PTR(config);
        return 0;
}

int config_load(const struct config_paths *paths, struct config **ret, char **ret_reason) {
        *ret_reason = NULL;
        for (size_t i = 0; i < paths->n_dirs; i++) {
                _cleanup_free_ char *path = NULL;
                _cleanup_free_ uint8_t *data = NULL;
                size_t size;

                if (asprintf(&path, "%s/stmbootd.conf", paths->dirs[i]) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                int r = file_read(path, FILE_SIZE_MAX, &data, &size);
                if (r == -ENOENT)
                        continue;
                if (r == -EBADF && is_masked(path))
                        break;
                if (r < 0) {
                        (void)settings_reason(ret_reason, "%s: %s", path, file_strerror(r));
                        return r;
                }
                return config_parse(path, (const char *)data, size, ret, ret_reason);
        }
        return config_parse("", "", 0, ret, ret_reason);
}

struct config *config_free(struct config *config) {
        if (config)
                strv_clear(config->firmware_directories);
        free(config);
        return NULL;
}

/* ---- targets.d ---- */

struct file_list {
        struct config_file *files;
        size_t n;
};

static bool list_has(const struct file_list *list, const char *name) {
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->files[i].name, name) == 0)
                        return true;
        return false;
}

static int list_add(struct file_list *list, const char *dir, const char *entry) {
        static const char suffix[] = ".conf";
        size_t length = strlen(entry);

        if (entry[0] == '.' || length < sizeof(suffix) ||
            strcmp(entry + length - strlen(suffix), suffix) != 0)
                return 0;

        _cleanup_free_ char *name = strndup(entry, length - strlen(suffix));
        if (!name)
                return -ENOMEM;
        if (list_has(list, name))
                return 0;
        if (list->n == TARGETS_MAX) {
                log_error("%s/%s: more than %d targets", dir, entry, TARGETS_MAX);
                return 0;
        }

        struct config_file *longer = realloc(list->files, (list->n + 1) * sizeof(*longer));
        if (!longer)
                return -ENOMEM;
        list->files = longer;

        struct config_file *file = &longer[list->n];
        *file = (struct config_file){ .name = TAKE_PTR(name) };
        list->n++;
        if (asprintf(&file->path, "%s/%s", dir, entry) < 0) {
                file->path = NULL;
                return -ENOMEM;
        }
        return 0;
}

static int list_directory(struct file_list *list, const char *config_dir) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/targets.d", config_dir) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        DIR *dir = opendir(path);
        if (!dir) {
                if (errno != ENOENT)
                        log_error("%s: %s", path, strerror(errno));
                return 0;
        }
        int r = 0;
        for (struct dirent *entry; r >= 0 && (entry = readdir(dir));)
                r = list_add(list, path, entry->d_name);
        (void)closedir(dir);
        return r;
}

static int compare_names(const void *a, const void *b) {
        const struct config_file *left = a, *right = b;

        return strcmp(left->name, right->name);
}

int config_list_targets(const struct config_paths *paths, struct config_file **ret, size_t *ret_n) {
        struct file_list list = { 0 };
        size_t kept = 0;

        for (size_t i = 0; i < paths->n_dirs; i++) {
                int r = list_directory(&list, paths->dirs[i]);
                if (r < 0) {
                        config_files_free(list.files, list.n);
                        return r;
                }
        }
        for (size_t i = 0; i < list.n; i++)
                if (is_masked(list.files[i].path)) {
                        free(list.files[i].name);
                        free(list.files[i].path);
                } else
                        list.files[kept++] = list.files[i];
        if (kept > 0)
                qsort(list.files, kept, sizeof(*list.files), compare_names);

        *ret = list.files;
        *ret_n = kept;
        return 0;
}

struct config_file *config_files_free(struct config_file *files, size_t n) {
        for (size_t i = 0; i < n; i++) {
                free(files[i].name);
                free(files[i].path);
                free(files[i].misnamed);
        }
        free(files);
        return NULL;
}
