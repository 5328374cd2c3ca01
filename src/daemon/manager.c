/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "daemon/job.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/reload.h"
#include "util/parse.h"

/* ---- look-ups ---- */

struct target *manager_find_target(struct manager *manager, const char *name) {
        for (struct target *target = manager->targets; target; target = target->next)
                if (strcmp(target->name, name) == 0)
                        return target;
        return NULL;
}

static struct job *find_job(struct job *jobs, const char *id) {
        while (jobs && strcmp(jobs->id, id) != 0)
                jobs = jobs->next;
        return jobs;
}

struct job *manager_find_job(struct manager *manager, const char *id) {
        struct job *job = find_job(manager->jobs, id);

        for (struct target *target = manager->targets; target && !job; target = target->next)
                job = target->job && strcmp(target->job->id, id) == 0 ? target->job
                                                                      : find_job(target->jobs, id);
        return job;
}

uint64_t manager_bytes(const struct manager *manager) {
        uint64_t bytes = 0;

        for (const struct target *target = manager->targets; target; target = target->next)
                if (target->job && target->job->request)
                        bytes += job_request_bytes(target->job->request);
        return bytes;
}

/* ---- configuration ---- */

int manager_reload(struct manager *manager, char **ret_reason) {
        struct config *config;

        int r = config_load(&manager->paths, &config, ret_reason);
        if (r < 0)
                return r;
        config_free(manager->config);
        manager->config = config;
        if (config->has_log_level)
                log_set_level(config->log_level);
        return reload_targets(manager);
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

static bool has_work(const struct manager *manager) {
        for (const struct target *target = manager->targets; target; target = target->next)
                if (target->job || target->known.child)
                        return true;
        return false;
}

static int on_released(sd_event_source *source, void *userdata) {
        (void)source;
        reload_finish(userdata);
        return 0;
}

void manager_target_released(struct manager *manager) {
        if (manager->stopping && !has_work(manager))
                (void)sd_event_exit(manager->event, manager->exit_code);
        else /* not from within: the caller's target may be one that goes */
                (void)sd_event_source_set_enabled(manager->released_source, SD_EVENT_ONESHOT);
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
        format_hex(random, sizeof(random), manager->job_prefix);
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
                r = sd_event_add_defer(event, &manager->released_source, on_released, manager);
        if (r >= 0)
                r = sd_event_source_set_enabled(manager->released_source, SD_EVENT_OFF);
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
        job_free_list(manager->jobs);
        sd_event_source_disable_unref(manager->port_watch_source);
        sd_event_source_disable_unref(manager->released_source);
        port_watch_free(manager->port_watch);
        config_free(manager->config);
        free(manager->tree);
        config_paths_done(&manager->paths);
        sd_event_unref(manager->event);
        free(manager);
        return NULL;
}
