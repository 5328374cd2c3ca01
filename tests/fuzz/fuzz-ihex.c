/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz-record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        check_records(data, size, IMAGE_IHEX, 1, 5, 0);
        return 0;
}
