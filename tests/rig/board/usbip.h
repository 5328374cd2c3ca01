/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "adapter.h"

/*
 * An adapter at a port of vhci-hcd, by the USB/IP protocol (the kernel's
 * Documentation/usb/usbip_protocol.rst), with this process in the place of the network.
 */

struct usbip;

/* Plugs the adapter into that port of the virtual hub. Returns 0 or negative errno (-EBUSY: the
 * port is in use). */
int usbip_attach(unsigned port, struct adapter *adapter, struct usbip **ret);

/* Unplugs it. Takes NULL; returns NULL. */
struct usbip *usbip_detach(struct usbip *usbip);

/* To poll for input, which usbip_receive() then takes. */
int usbip_fd(const struct usbip *usbip);

/* Carries out one request of the host. Returns 0, or -ENOTCONN: the host has let go. */
int usbip_receive(struct usbip *usbip);

/* Ends the transfers that can end by now; to be called when time has passed. */
void usbip_complete(struct usbip *usbip);

/* When to call it next though nothing else happens. */
uint64_t usbip_next_time(const struct usbip *usbip);
