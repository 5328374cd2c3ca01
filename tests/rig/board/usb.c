/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rig-usb: a USB-UART adapter, with a virtual STM32 behind it, at the kernel's virtual host
 * controller (vhci-hcd): what the kernel's driver for that adapter makes of it is a real tty and a
 * real gpiochip. "unplug" and "plug" do what they say; the chip keeps its power.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "adapter.h"
#include "args.h"
#include "control.h"
#include "usbip.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/parse.h"

struct rig {
        struct board board;
        struct adapter adapter;
        struct usbip *usbip;
        unsigned port;
        int control;
};

static const struct adapter_type *find_type(const char *name) {
        static const struct adapter_type *const types[] = {
                &adapter_cp2104,
                &adapter_ft232r,
                &adapter_modem,
        };

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (strcmp(types[i]->name, name) == 0)
                        return types[i];
        return NULL;
}

static int plug(struct rig *rig) {
        if (rig->usbip)
                return 0;
        adapter_reset(&rig->adapter);
        board_log(&rig->board, "plugged in");
        return usbip_attach(rig->port, &rig->adapter, &rig->usbip);
}

/* Without power the adapter's pins float, and the board's resistors decide. */
static void unplug(struct rig *rig) {
        rig->usbip = usbip_detach(rig->usbip);
        board_set_lines(&rig->board, false, false, false);
        board_log(&rig->board, "unplugged");
}

static void serve(struct rig *rig) {
        char line[512];
        _cleanup_fclose_ FILE *out = control_accept(rig->control, line, sizeof(line));
        int r = 0;

        if (!out)
                return;
        if (strcmp(line, "plug") == 0)
                r = plug(rig);
        else if (strcmp(line, "unplug") == 0)
                unplug(rig);
        else if (strcmp(line, "latency") == 0)
                fprintf(out, "%u\n", rig->adapter.latency);
        else if (!board_command(&rig->board, line, out))
                r = -EINVAL;
        if (r < 0)
                fprintf(out, "error: %s\n", strerror(-r));
}

static void receive_from_chip(struct rig *rig) {
        struct adapter *adapter = &rig->adapter;

        if (rig->usbip)
                adapter->n_rx += virtual_receive(rig->board.chip, rig->board.now,
                                                 adapter->rx + adapter->n_rx,
                                                 sizeof(adapter->rx) - adapter->n_rx);
        else
                while (virtual_receive(rig->board.chip, rig->board.now, adapter->rx,
                                       sizeof(adapter->rx)) > 0)
                        ;
}

static void run(struct rig *rig) {
        struct pollfd fds[2] = { { .fd = rig->control, .events = POLLIN } };

        for (;;) {
                fds[1] = (struct pollfd){ .fd = rig->usbip ? usbip_fd(rig->usbip) : -1,
                                          .events = POLLIN };
                uint64_t until = rig->usbip ? usbip_next_time(rig->usbip) : USEC_INFINITY;
                if (!board_wait(&rig->board, fds, ARRAY_SIZE(fds), until))
                        return;
                (void)board_tick(&rig->board);
                receive_from_chip(rig);
                if (fds[1].revents && usbip_receive(rig->usbip) < 0)
                        unplug(rig);
                if (rig->usbip)
                        usbip_complete(rig->usbip);
                if (fds[0].revents)
                        serve(rig);
        }
}

static int choose_adapter(struct rig *rig, char *const *argv) {
        const char *type = args_get(argv, "adapter") ?: "cp2104";
        const char *wiring = args_get(argv, "wiring") ?: "gpio";
        const char *port = args_get(argv, "port");
        uint32_t number = 0;

        if (port && parse_u32(port, &number) < 0)
                return -EINVAL;
        rig->port = number;
        rig->adapter = (struct adapter){
                .type = find_type(type),
                .board = &rig->board,
                .serial = args_get(argv, "serial") ?: "RIG00001",
                .wiring = strcmp(wiring, "modem") == 0  ? WIRING_MODEM
                          : strcmp(wiring, "none") == 0 ? WIRING_NONE
                                                        : WIRING_GPIO,
        };
        return rig->adapter.type ? 0 : -EINVAL;
}

static void close_all(struct rig *rig) {
        rig->usbip = usbip_detach(rig->usbip);
        closep(&rig->control);
        board_done(&rig->board);
}

int main(int argc, char **argv) {
        static const char *const keys[] = { "part",    "flash", "load",   "seed",   "control",
                                            "adapter", "port",  "serial", "wiring", NULL };
        _cleanup_(close_all) struct rig rig = { .control = -1 };
        int r;

        (void)argc;
        args_check(argv, keys);
        if ((r = board_init(&rig.board, argv)) < 0 || (r = choose_adapter(&rig, argv)) < 0 ||
            (r = rig.control = control_listen(args_get(argv, "control"))) < 0 ||
            (r = plug(&rig)) < 0) {
                fprintf(stderr, "%s: %s\n", argv[0], strerror(-r));
                return EXIT_FAILURE;
        }
        run(&rig);
        return EXIT_SUCCESS;
}
