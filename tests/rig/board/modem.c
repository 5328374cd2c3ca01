/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A port whose driver has no parity: it takes 8E1, and reads back 8N1. The kernel's driver "option"
 * (for mobile modems) is such a one; the Raspberry Pi's mini-UART behaves so.
 */
#include "adapter.h"

static int control(struct adapter *adapter, const struct setup *setup, uint8_t *data) {
        (void)data;
        if (setup->request == 0x22) /* SET_CONTROL_LINE_STATE of CDC */
                adapter_set_modem_lines(adapter, setup->value | 0x300);
        return setup->type & 0x80 ? 0 : setup->length;
}

const struct adapter_type adapter_modem = {
        .name = "modem",
        .vendor_name = "Option N.V.",
        .product_name = "Modem",
        .vendor = 0x0af0,
        .product = 0x5000,
        .release = 0x0000,
        .in_endpoint = 1,
        .out_endpoint = 1,
        .control = control,
        .fetch = adapter_take,
};
