/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ctl/job_data.h"

int job_data_get(struct client *client, const char *job, sd_bus_message **ret_reply,
                 const uint8_t **ret_data, size_t *ret_size) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        const void *data;

        int code = client_new_call(client, job, STMBOOT_JOB_INTERFACE, "GetData", &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_send(client, call, &reply);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = sd_bus_message_read_array(reply, 'y', &data, ret_size);
        if (r < 0)
                return client_report_errno(r, "Cannot read the answer");
        *ret_data = data;
        *ret_reply = TAKE_PTR(reply);
        return STMBOOT_EXIT_DONE;
}
