/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "daemon/bus.h"
#include "daemon/config_tree.h"
#include "daemon/job.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/misnamed.h"
#include "daemon/reload.h"
#include "util/target_name.h"

/* ---- one target ---- */

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

/* Wait() and what follows it find a job whose target went with it. */
static void hand_over_jobs(struct manager *manager, struct target *target) {
        struct job *oldest = NULL;

        while (target->jobs) {
                struct job *job = target->jobs;

                target->jobs = job->next;
                job->next = oldest;
                oldest = job;
        }
        while (oldest) {
                struct job *job = oldest;

                oldest = job->next;
                job->target = NULL;
                job_keep(manager, &manager->jobs, job);
        }
}

static void remove_target(struct manager *manager, struct target *target) {
        struct target **link = &manager->targets;

        bus_object_removed(manager, target->path);
        hand_over_jobs(manager, target);
        while (*link != target)
                link = &(*link)->next;
        *link = target->next;
        log_write(LOG_INFO, target->name, NULL, "removed");
        target_free(target);
}

static void configure_target(struct target *target, struct target_file *file) {
        target_configure(target, file);
        bus_target_changed(target, "Description", "State", "BrokenReason", "Port", "ImageFile",
                           "Chip", "ChipId", "UniqueId", "BootloaderVersion", "FlashSize",
                           "Protection", NULL);
}

/* ---- targets in work ---- */

static bool is_in_use(const struct target *target) {
        return target->job || target->connection.port;
}

/* Takes `file`; without an origin it says that there is none any more. */
static void change_target(struct manager *manager, struct target *target,
                          struct target_file *file) {
        target_file_done(&target->reloaded); /* that was before */
        target->reload_pending = is_in_use(target);
        if (target->reload_pending) {
                target->reloaded = *file;
                *file = (struct target_file){ 0 };
        } else if (file->origin)
                configure_target(target, file);
        else
                remove_target(manager, target);
}

void reload_finish(struct manager *manager) {
        for (struct target *target = manager->targets, *next; target; target = next) {
                next = target->next;
                if (!target->reload_pending || is_in_use(target))
                        continue;

                struct target_file file = target->reloaded;
                target->reloaded = (struct target_file){ 0 };
                change_target(manager, target, &file);
        }
}

/* ---- all targets ---- */

static int set_target(struct manager *manager, const char *name, const char *origin,
                      struct target_file *file) {
        struct target *target = manager_find_target(manager, name);

        file->origin = strdup(origin);
        if (!file->origin || (!file->config && !file->broken_reason))
                return -ENOMEM;
        if (target) {
                change_target(manager, target, file);
                return 0;
        }
        target = insert_target(manager, name);
        if (!target)
                return -ENOMEM;
        target_configure(target, file);
        bus_object_added(manager, target->path);
        return 0;
}

static int load_file(struct manager *manager, const struct config_file *config_file) {
        _cleanup_(target_file_done) struct target_file file = { 0 };

        if (config_file->misnamed)
                file.broken_reason = strdup(config_file->misnamed);
        else
                (void)target_config_load(config_file->path, &file.config, &file.broken_reason);
        return set_target(manager, config_file->name, config_file->path, &file);
}

static int load_node(struct manager *manager, const struct devicetree_target *node) {
        _cleanup_(target_file_done) struct target_file file = { 0 };

        if (node->error == -EEXIST || !target_name_is_valid(node->name)) {
                log_error("%s: \"%s\" cannot be this target's name", node->node, node->name);
                return 0;
        }
        (void)target_config_from_tree(node, &file.config, &file.broken_reason);
        return set_target(manager, node->name, node->node, &file);
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

/* What the names of targets come from. */
struct names {
        const struct manager *manager;
        const struct config_file *files;
        size_t n;
};

static bool is_taken(const void *userdata, const char *name) {
        const struct names *names = userdata;

        return has_file(names->files, names->n, name) || has_node(names->manager, name);
}

static int rename_misnamed(const struct manager *manager, struct config_file *files, size_t n) {
        const struct names names = { .manager = manager, .files = files, .n = n };
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                if (!target_name_is_valid(files[i].name))
                        r = misnamed_rename(&files[i], is_taken, &names);
        return r;
}

int reload_targets(struct manager *manager) {
        struct config_file *files;
        size_t n;

        int r = config_list_targets(&manager->paths, &files, &n);
        if (r < 0)
                return r;
        r = rename_misnamed(manager, files, n);
        for (struct target *target = manager->targets, *next; target && r >= 0; target = next) {
                next = target->next;
                if (!has_file(files, n, target->name) && !has_node(manager, target->name))
                        change_target(manager, target, &(struct target_file){ 0 });
        }
        for (size_t i = 0; i < n && r >= 0; i++)
                r = load_file(manager, &files[i]);
        for (size_t i = 0; i < manager->n_tree && r >= 0; i++)
                if (!has_file(files, n, manager->tree[i].name))
                        r = load_node(manager, &manager->tree[i]);
        config_files_free(files, n);
        return r;
}
