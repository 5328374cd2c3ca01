/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/plan.h"
#include "boot/plan_blocks.h"
#include "boot/plan_cover.h"
#include "util/bytes.h"
#include "util/macro.h"

/* Initial stack pointer and reset vector, the first two words of a vector table. */
#define HEAD_SIZE 8U

/* ARMv7-M ARM B3.2.5: a vector table is aligned to 128 bytes at least. It makes the head's unit lie
 * within one block. */
#define HEAD_ALIGN 128U

static bool is_power_of_two(uint32_t value) {
        return value && !(value & (value - 1));
}

static uint32_t write_granule(const struct plan_config *config) {
        return MAX(config->write_align,
                   config->chip ? (uint32_t)config->chip->program_unit : PLAN_GRANULE_MIN);
}

/* ARMv7-M ARM B3.1: 0x20000000-0x3FFFFFFF is SRAM. CCM and its kin lie at 0x10000000 (RM0090 2.3,
 * RM0351 2.3). A stack starts at its end, so the end counts. */
static bool in_ram(const struct chip *chip, uint32_t address) {
        if (address % 4)
                return false;
        if ((address > 0x20000000 && address <= 0x40000000) ||
            (address > 0x10000000 && address <= 0x10040000))
                return true;
        for (size_t i = 0; chip && i < CHIP_RANGES_MAX; i++)
                if (chip->ram[i].size && address > chip->ram[i].start &&
                    address - chip->ram[i].start <= chip->ram[i].size)
                        return true;
        return false;
}

/* A stack in RAM, and a reset handler in Thumb: what a chip can start by. */
static bool can_start(const struct chip *chip, const uint8_t *words) {
        return get_le32(words + 4) & 1 && in_ram(chip, get_le32(words));
}

/* Does a vector table start here whose reset handler is in the image too? */
static bool is_vector_table(const struct plan_cover *cover, const struct chip *chip,
                            uint32_t address) {
        uint8_t words[HEAD_SIZE], instruction[2];

        if (address % HEAD_ALIGN || !plan_cover_read(cover, address, words, sizeof(words)) ||
            !can_start(chip, words))
                return false;

        uint32_t reset = get_le32(words + 4) & ~1U;
        if (chip)
                reset = chip_resolve_alias(chip, reset);
        return plan_cover_read(cover, reset, instruction, sizeof(instruction));
}

/* Where the chip boots from, by its address in flash. */
static uint32_t boot_address(const struct plan_config *config) {
        if (!config->has_boot_address)
                return config->map->runs[0].address;
        return config->chip ? chip_resolve_alias(config->chip, config->boot_address)
                            : config->boot_address;
}

static void set_head(struct plan *plan, uint32_t address) {
        plan->has_head = true;
        plan->head_address = address;
}

/* Decides the head, and whether it makes the plan safe. */
static void find_head(struct plan *plan, const struct plan_cover *cover,
                      const struct plan_config *config) {
        uint32_t boot = boot_address(config), first = cover->pieces[0].address;
        uint8_t words[HEAD_SIZE];

        plan->boot_address = boot;
        if (boot % HEAD_ALIGN == 0 && plan_cover_read(cover, boot, words, sizeof(words))) {
                set_head(plan, boot);
                plan->cannot_start = !can_start(config->chip, words);
                plan->safety = config->boot_address_certain ? PLAN_SAFE : PLAN_BOOT_UNCERTAIN;
        } else if (is_vector_table(cover, config->chip, first)) {
                set_head(plan, first);
                plan->safety = PLAN_BEHIND;
        } else if (is_vector_table(cover, config->chip, plan->image_address)) {
                set_head(plan, plan->image_address);
                plan->safety = PLAN_BEHIND;
        } else {
                plan->safety = PLAN_WITHOUT_HEAD;
        }
        if (config->erase == PLAN_ERASE_NONE)
                plan->safety = PLAN_NOT_ERASED;
}

static int all_pages(const struct flash_map *map, struct flash_page **ret, size_t *ret_n) {
        size_t n = flash_map_pages(map);
        struct flash_page *pages = calloc(n, sizeof(*pages));

        if (!pages)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                (void)flash_map_page(map, i, &pages[i]);
        *ret = pages;
        *ret_n = n;
        return 0;
}

static void head_page_first(struct plan *plan) {
        for (size_t i = 0; plan->has_head && i < plan->n_pages; i++) {
                struct flash_page page = plan->pages[i];

                if (plan->head_address < page.address ||
                    plan->head_address - page.address >= page.size)
                        continue;
                memmove(plan->pages + 1, plan->pages, i * sizeof(page));
                plan->pages[0] = page;
                return;
        }
}

/* What is written, and the pages that this touches. */
static int cover_build(const struct image *image, const struct plan_config *config,
                       bool skip_options, struct plan *plan, struct plan_cover *ret,
                       struct plan_error *ret_error) {
        struct plan_cover cover;

        int r = plan_cover_image(image, config, skip_options, &cover, ret_error);
        if (r != 0)
                return r;
        plan->image_address = cover.pieces[0].address;
        r = plan_cover_pages(&cover, config->map, &plan->pages, &plan->n_pages);
        if (r == 0 && config->preserved)
                r = plan_cover_preserve(&cover, config->preserved, plan->pages, plan->n_pages);
        if (r < 0) {
                free(cover.pieces);
                return r;
        }
        *ret = cover;
        return 0;
}

static int choose_pages(struct plan *plan, const struct plan_config *config) {
        if (config->erase == PLAN_ERASE_TOUCHED)
                return 0;
        free(TAKE_PTR(plan->pages));
        plan->n_pages = 0;
        return config->erase == PLAN_ERASE_ALL
                       ? all_pages(config->map, &plan->pages, &plan->n_pages)
                       : 0;
}

int plan_build(const struct image *image, const struct plan_config *config, bool skip_options,
               struct plan **ret, struct plan_error *ret_error) {
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct plan_layout layout = {
                .block_max = config->block_max,
                .granule = write_granule(config),
                .erased = config->erased,
                .skip_erased = config->erase != PLAN_ERASE_NONE,
                .unit = MAX(write_granule(config), HEAD_SIZE),
        };
        struct plan_cover cover;

        if ((layout.block_max != PLAN_BLOCK_MAX && layout.block_max != 128) ||
            !is_power_of_two(layout.granule) || layout.granule < PLAN_GRANULE_MIN ||
            layout.granule > HEAD_ALIGN)
                return -EINVAL;

        plan = calloc(1, sizeof(*plan));
        if (!plan)
                return -ENOMEM;
        int r = cover_build(image, config, skip_options, plan, &cover, ret_error);
        if (r != 0)
                return r;
        find_head(plan, &cover, config);
        r = choose_pages(plan, config);
        if (r == 0) {
                head_page_first(plan);
                r = plan_blocks_build(&cover, &layout, plan);
        }
        free(cover.pieces);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(plan);
        return 0;
}

/*
 * Boot patterns that start flash at its first byte or nothing of it, whatever the option bytes say;
 * those with BFB2 (3, 4, 5, 7, 14) and with boot addresses (8, 9, 10, 12) may start another, and of
 * 17 and 19 it is not known (AN2606 table 2). Some of pattern 6 have a second bank, and BFB2.
 */
bool plan_boots_at_start(const struct chip *chip, const struct flash_map *map) {
        static const uint32_t patterns =
                1U << 1 | 1U << 2 | 1U << 6 | 1U << 11 | 1U << 13 | 1U << 15 | 1U << 16 | 1U << 18;

        return chip && patterns >> chip->pattern & 1 && map->runs[0].address == chip->flash_start &&
               !flash_map_has_two_banks(map);
}

int plan_check_image(const struct image *image, const struct chip *chip, uint32_t flash_size,
                     struct plan **ret, struct plan_error *ret_error) {
        struct flash_map map;
        struct plan_config config = {
                .chip = chip,
                .map = &map,
                .block_max = PLAN_BLOCK_MAX,
                .write_align = MAX((uint32_t)chip->write_align, (uint32_t)PLAN_GRANULE_MIN),
                .erased = chip->erased,
        };

        if (chip->unusable || chip_flash_map(chip, flash_size, false, &map) < 0)
                return -EOPNOTSUPP;
        config.boot_address_certain = plan_boots_at_start(chip, &map);
        return plan_build(image, &config, true, ret, ret_error);
}

static void free_list(struct plan_list *list) {
        free(list->blocks);
}

uint64_t plan_read_bytes(const struct plan *plan) {
        return plan->body_reads.bytes + plan->head_reads.bytes + plan->unit_reads.bytes;
}

struct plan *plan_free(struct plan *plan) {
        if (!plan)
                return NULL;
        free_list(&plan->body);
        free_list(&plan->body_reads);
        free_list(&plan->head);
        free_list(&plan->head_reads);
        free_list(&plan->unit_reads);
        free(plan->pages);
        free(plan->arena);
        free(plan);
        return NULL;
}
