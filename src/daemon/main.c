/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon/bus.h"
#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/notify.h"
#include "daemon/safe_lines.h"

struct options {
        const char *config_dir, *state_dir, *tree;
        bool safe_lines;
};

static void print_help(void) {
        puts("stmbootd [OPTIONS...]\n"
             "\n"
             "Flashes the STM32 microcontrollers wired to this machine, over D-Bus.\n"
             "\n"
             "     --config-dir=DIR  Read stmbootd.conf and targets.d/ from here only\n"
             "     --device-tree=DIR Read targets from this device tree, too (default: the\n"
             "                       kernel's; with --config-dir none)\n"
             "     --state-dir=DIR   Keep records and markers here\n"
             "     --safe-lines      Make safe the lines that a dead stmbootd held, then exit\n"
             "  -h --help            Show this help\n"
             "     --version         Show the version\n"
             "\n"
             "It serves the bus that $DBUS_SYSTEM_BUS_ADDRESS names, else the system bus.\n"
             "See stmbootd(8).");
}

/* Returns 1: go on; 0: done; negative: usage. */
static int parse_options(int argc, char **argv, struct options *ret) {
        enum { CONFIG_DIR = 256, DEVICE_TREE, STATE_DIR, SAFE_LINES, VERSION };
        static const struct option options[] = {
                { "config-dir", required_argument, NULL, CONFIG_DIR },
                { "device-tree", required_argument, NULL, DEVICE_TREE },
                { "state-dir", required_argument, NULL, STATE_DIR },
                { "safe-lines", no_argument, NULL, SAFE_LINES },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, VERSION },
                { 0 },
        };

        for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) >= 0;)
                switch (c) {
                case CONFIG_DIR:
                        ret->config_dir = optarg;
                        break;
                case DEVICE_TREE:
                        ret->tree = optarg;
                        break;
                case STATE_DIR:
                        ret->state_dir = optarg;
                        break;
                case SAFE_LINES:
                        ret->safe_lines = true;
                        break;
                case 'h':
                        print_help();
                        return 0;
                case VERSION:
                        puts("stmboot " STMBOOT_VERSION);
                        return 0;
                default:
                        return -EINVAL;
                }
        if (optind < argc) {
                (void)fprintf(stderr, "%s: unexpected argument \"%s\"\n", argv[0], argv[optind]);
                return -EINVAL;
        }
        return 1;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        (void)source;
        (void)info;
        notify_stopping();
        manager_stop(userdata, EXIT_SUCCESS);
        return 0;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        _cleanup_free_ char *reason = NULL;

        (void)source;
        (void)info;
        notify_reloading();
        if (manager_reload(userdata, &reason) < 0)
                log_error("%s", reason ?: strerror(ENOMEM));
        notify_ready();
        return 0;
}

/*
 * Without a bus nobody can ask for anything: what is on is brought to an end. That is a failure, so
 * that the service comes back with the bus.
 */
static int on_disconnect(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        (void)message;
        (void)ret_error;
        log_error("the bus is gone");
        notify_stopping();
        manager_stop(userdata, EXIT_FAILURE);
        return 0;
}

static int add_signals(sd_event *event, struct manager *manager) {
        int r = sd_event_add_signal(event, NULL, SIGTERM, on_stop, manager);

        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGINT, on_stop, manager);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGHUP, on_reload, manager);
        return r < 0 ? r : sd_event_set_watchdog(event, true);
}

static int open_bus(sd_event *event, struct manager *manager, sd_bus **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;

        int r = sd_bus_open_system(&bus);
        if (r < 0) {
                log_error("cannot reach the bus: %s", strerror(-r));
                return r;
        }
        r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local",
                                "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                "Disconnected", on_disconnect, manager);
        if (r >= 0)
                r = bus_export(manager, bus);
        if (r == -EEXIST || r == -EALREADY)
                log_error("there is a stmbootd on this bus already");
        else if (r < 0)
                log_error("cannot serve the bus: %s", strerror(-r));
        else
                r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

/* Returns the exit code; negative: it could not begin, or not go on. */
static int run(struct config_paths *paths, const char *tree) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(manager_freep) struct manager *manager = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;

        int r = sd_event_default(&event);
        if (r >= 0)
                r = manager_new(event, paths, tree, &manager);
        if (r >= 0)
                r = add_signals(event, manager);
        if (r >= 0)
                r = open_bus(event, manager, &bus);
        if (r < 0)
                return r;
        notify_ready();
        r = sd_event_loop(event);
        manager->bus = NULL;
        return r;
}

/* So that signals come through the event loop, and a child's end, too. */
static void block_signals(void) {
        sigset_t signals;

        (void)sigemptyset(&signals);
        (void)sigaddset(&signals, SIGTERM);
        (void)sigaddset(&signals, SIGINT);
        (void)sigaddset(&signals, SIGHUP);
        (void)sigaddset(&signals, SIGCHLD);
        (void)sigprocmask(SIG_BLOCK, &signals, NULL);
}

int main(int argc, char **argv) {
        struct options options = { 0 };
        struct config_paths paths;

        int r = parse_options(argc, argv, &options);
        if (r <= 0)
                return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        if (!options.tree && !options.config_dir)
                options.tree = DEVICETREE_BASE;
        block_signals();
        r = config_paths_init(&paths, options.config_dir, options.state_dir);
        if (r >= 0)
                r = options.safe_lines ? safe_lines_run(paths.runtime_dir)
                                       : run(&paths, options.tree);
        config_paths_done(&paths);
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
