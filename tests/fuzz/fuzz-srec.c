/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz-record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        check_records(data, size, IMAGE_SREC, 2, 1, 0xff);
        return 0;
}
