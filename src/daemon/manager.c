/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stmboot/dbus.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "daemon/bus.h"
#include "daemon/config_tree.h"
#include "daemon/job.h"
#include "daemon/log.h"
#include "daemon/manager.h"

/* ---- look-ups ---- */

struct target *manager_find_target(struct manager *manager, const char *name) {
        for (struct target *target = manager->targets; target; target = target->next)
                if (strcmp(target->name, name) == 0)
                        return target;
        return NULL;
}

struct job *manager_find_job(struct manager *manager, const char *id) {
        for (struct target *target = manager->targets; target; target = target->next) {
                if (target->job && strcmp(target->job->id, id) == 0)
                        return target->job;
                for (struct job *job = target->jobs; job; job = job->next)
                        if (strcmp(job->id, id) == 0)
                                return job;
        }
        return NULL;
}

uint64_t manager_image_bytes(const struct manager *manager) {
        uint64_t bytes = 0;

        for (const struct target *target = manager->targets; target; target = target->next)
                if (target->job && target->job->request && target->job->request->image)
                        bytes += image_size(target->job->request->image);
        return bytes;
}

/* ---- targets ---- */

static bool is_in_use(const struct target *target) {
        return target->job || target->connection.port;
}

static struct target *insert_target(struct manager *manager, const char *name) {
        struct target **link = &manager->targets;
        struct target *target = target_new(manager, name);

        if (!target)
                return NULL;
        while (*link && strcmp((*link)->name, name) < 0)
                link = &(*link)->next;
        target->next = *link;
        *link = target;
        return target;
}

static void remove_target(struct manager *manager, struct target *target) {
        struct target **link = &manager->targets;

        for (struct job *job = target->jobs; job; job = job->next)
                bus_object_removed(manager, job->path);
        bus_object_removed(manager, target->path);
        while (*link != target)
                link = &(*link)->next;
        *link = target->next;
        log_write(LOG_INFO, target->name, NULL, "removed");
        target_free(target);
}

/* Takes `config`, or `reason`. */
static int set_target(struct manager *manager, const char *name, struct target_config *config,
                      char *reason, const char *origin) {
        struct target *target = manager_find_target(manager, name);
        bool is_new = !target;

        if (is_new)
                target = insert_target(manager, name);
        if (!target || (!config && !reason)) {
                target_config_free(config);
                free(reason);
                return -ENOMEM;
        }
        target_configure(target, config, reason, origin);
        if (is_new)
                bus_object_added(manager, target->path);
        else
                bus_target_changed(target, "Description", "State", "BrokenReason", "Port",
                                   "ImageFile", "Chip", "ChipId", "UniqueId", "BootloaderVersion",
                                   "FlashSize", "Protection", NULL);
        return 0;
}

/* Those in work keep what they have; all is read again when they are done. */
static bool must_wait(struct manager *manager, const char *name) {
        struct target *target = manager_find_target(manager, name);

        if (!target || !is_in_use(target))
                return false;
        manager->reload_pending = true;
        return true;
}

static int load_file(struct manager *manager, const struct config_file *file) {
        struct target_config *config = NULL;
        char *reason = NULL;

        if (must_wait(manager, file->name))
                return 0;
        (void)target_config_load(file->path, &config, &reason);
        return set_target(manager, file->name, config, reason, file->path);
}

static int load_node(struct manager *manager, const struct devicetree_target *node) {
        struct target_config *config = NULL;
        char *reason = NULL;

        if (node->error == -EEXIST || !target_name_is_valid(node->name)) {
                log_error("%s: \"%s\" cannot be this target's name", node->node, node->name);
                return 0;
        }
        if (must_wait(manager, node->name))
                return 0;
        (void)target_config_from_tree(node, &config, &reason);
        return set_target(manager, node->name, config, reason, node->node);
}

static bool has_file(const struct config_file *files, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(files[i].name, name) == 0)
                        return true;
        return false;
}

static bool has_node(const struct manager *manager, const char *name) {
        for (size_t i = 0; i < manager->n_tree; i++)
                if (strcmp(manager->tree[i].name, name) == 0)
                        return true;
        return false;
}

static int load_targets(struct manager *manager) {
        struct config_file *files;
        size_t n;

        int r = config_list_targets(&manager->paths, &files, &n);
        if (r < 0)
                return r;
        manager->reload_pending = false;
        for (struct target *target = manager->targets, *next; target; target = next) {
                next = target->next;
                if (!has_file(files, n, target->name) && !has_node(manager, target->name) &&
                    !must_wait(manager, target->name))
                        remove_target(manager, target);
        }
        for (size_t i = 0; i < n && r >= 0; i++)
                r = load_file(manager, &files[i]);
        for (size_t i = 0; i < manager->n_tree && r >= 0; i++)
                if (!has_file(files, n, manager->tree[i].name))
                        r = load_node(manager, &manager->tree[i]);
        config_files_free(files, n);
        return r;
}

int manager_reload(struct manager *manager, char **ret_reason) {
        struct config *config;

        int r = config_load(&manager->paths, &config, ret_reason);
        if (r < 0)
                return r;
        config_free(manager->config);
        manager->config = config;
        if (config->has_log_level)
                log_set_level(config->log_level);
        return load_targets(manager);
}

/* ---- ports ---- */

static int on_port_watch(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct manager *manager = userdata;

        (void)source;
        (void)fd;
        (void)revents;
        int r = port_watch_dispatch(manager->port_watch);
        if (r < 0)
                log_warning("cannot follow ports: %s", strerror(-r));
        return 0;
}

static void watch_ports(struct manager *manager) {
        int r = port_watch_new(&hw_roots, &manager->port_watch);

        if (r >= 0)
                r = sd_event_add_io(manager->event, &manager->port_watch_source,
                                    port_watch_fd(manager->port_watch), EPOLLIN, on_port_watch,
                                    manager);
        if (r < 0) {
                log_warning("cannot follow ports as they come and go: %s", strerror(-r));
                manager->port_watch = port_watch_free(manager->port_watch);
        }
}

/* ---- jobs ---- */

static bool has_jobs(const struct manager *manager) {
        for (const struct target *target = manager->targets; target; target = target->next)
                if (target->job)
                        return true;
        return false;
}

static int on_reload(sd_event_source *source, void *userdata) {
        struct manager *manager = userdata;

        (void)source;
        if (manager->reload_pending)
                (void)load_targets(manager);
        return 0;
}

void manager_target_released(struct manager *manager) {
        if (manager->stopping && !has_jobs(manager))
                (void)sd_event_exit(manager->event, manager->exit_code);
        /* Not from within: the caller's target may be one that goes. */
        else if (manager->reload_pending)
                (void)sd_event_source_set_enabled(manager->reload_source, SD_EVENT_ONESHOT);
}

void manager_stop(struct manager *manager, int exit_code) {
        if (manager->stopping)
                return;
        manager->stopping = true;
        manager->exit_code = exit_code;
        for (struct target *target = manager->targets; target; target = target->next)
                if (target->job)
                        job_cancel(target->job);
        manager_target_released(manager);
}

/* ---- life ---- */

static void make_directory(const char *path) {
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                log_warning("cannot make the directory %s: %s", path, strerror(errno));
}

/* No counter would do: it may be lost with the state, and no clock: it may go back. */
static int pick_job_prefix(struct manager *manager) {
        uint8_t random[6];

        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return -EIO;
        for (size_t i = 0; i < sizeof(random); i++)
                (void)sprintf(manager->job_prefix + 2 * i, "%02x", random[i]);
        return 0;
}

static void read_tree(struct manager *manager, const char *root) {
        int r = devicetree_read(root, &manager->tree, &manager->n_tree);

        if (r < 0)
                log_error("%s: cannot read the device tree: %s", root, strerror(-r));
}

int manager_new(sd_event *event, struct config_paths *paths, const char *tree,
                struct manager **ret) {
        _cleanup_(manager_freep) struct manager *manager = calloc(1, sizeof(*manager));
        _cleanup_free_ char *reason = NULL;

        if (!manager)
                return -ENOMEM;
        manager->event = sd_event_ref(event);
        manager->paths = *paths;
        *paths = (struct config_paths){ 0 };

        int r = pick_job_prefix(manager);
        if (r >= 0)
                r = sd_event_add_defer(event, &manager->reload_source, on_reload, manager);
        if (r >= 0)
                r = sd_event_source_set_enabled(manager->reload_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        make_directory(manager->paths.state_dir);
        make_directory(manager->paths.runtime_dir);
        watch_ports(manager);
        if (tree)
                read_tree(manager, tree);
        r = manager_reload(manager, &reason);
        if (r < 0) {
                log_error("%s", reason ?: strerror(-r));
                return r;
        }
        *ret = TAKE_PTR(manager);
        return 0;
}

struct manager *manager_free(struct manager *manager) {
        if (!manager)
                return NULL;
        while (manager->targets) {
                struct target *target = manager->targets;

                manager->targets = target->next;
                target_free(target);
        }
        sd_event_source_disable_unref(manager->port_watch_source);
        sd_event_source_disable_unref(manager->reload_source);
        port_watch_free(manager->port_watch);
        config_free(manager->config);
        free(manager->tree);
        config_paths_done(&manager->paths);
        sd_event_unref(manager->event);
        free(manager);
        return NULL;
}
