/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "daemon/bus_image.h"
#include "daemon/job_image.h"

int bus_image_read(struct bus_image *image, struct manager *manager, sd_bus_message *message,
                   sd_bus_error *ret_error) {
        const void *bytes;
        char type;
        int fd;

        image->name = "The image";
        int r = sd_bus_message_peek_type(message, &type, NULL);
        if (r < 0)
                return r;
        switch (type) {
        case SD_BUS_TYPE_STRING:
                r = sd_bus_message_read_basic(message, type, &image->name);
                if (r >= 0)
                        r = job_image_read_path(manager->config->firmware_directories, image->name,
                                                &image->owned, &image->size, ret_error);
                image->data = image->owned;
                return r;
        case SD_BUS_TYPE_UNIX_FD:
                r = sd_bus_message_read_basic(message, type, &fd);
                if (r >= 0)
                        r = job_image_read_fd(fd, &image->owned, &image->size, ret_error);
                image->data = image->owned;
                return r;
        default:
                r = sd_bus_message_read_array(message, 'y', &bytes, &image->size);
                if (r >= 0)
                        image->data = bytes;
                return r;
        }
}

void bus_image_done(struct bus_image *image) {
        free(image->owned);
        *image = (struct bus_image){ 0 };
}
