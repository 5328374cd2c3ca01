/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz-image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        check_format(data, size, IMAGE_ELF);
        return 0;
}
