/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/plan_cover.h"

/* Cuts a cover into the blocks of a plan. */

struct plan_layout {
        uint32_t block_max; /* a power of two: blocks do not cross multiples of it */
        uint32_t granule;   /* a power of two, at most block_max: writes are multiples of it */
        uint8_t erased;
        bool skip_erased; /* leave out granules that hold only the erased value */
        uint32_t unit;    /* size of the head's last write; a multiple of the granule */
};

/*
 * Fills the lists of `plan` and its arena. plan->has_head and plan->head_address are set: what
 * lies in the head's block goes into the head lists, its unit last. Returns 0 or -ENOMEM.
 */
int plan_blocks_build(const struct plan_cover *cover, const struct plan_layout *layout,
                      struct plan *plan);
