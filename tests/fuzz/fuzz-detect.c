/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz-image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        enum image_format found = check_open(data, size, IMAGE_AUTO);

        /* The reader of each other format refuses it. */
        for (enum image_format format = IMAGE_IHEX; format <= IMAGE_ELF; format++)
                PROMISED((check_open(data, size, format) == format) == (format == found));
        PROMISED((check_open(data, size, IMAGE_BIN) == IMAGE_BIN) == (size > 0));
        return 0;
}
