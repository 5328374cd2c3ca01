/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "boot/advice_cause.h"
#include "util/macro.h"

/* Fills the {names} in a cause's text with what is known of this failure. */

struct text {
        char *at;
        size_t room; /* including the final NUL */
};

struct known {
        const struct session_failure *failure;
        const struct advice_context *context;
};

static _printf_(2, 3) void print(struct text *text, const char *format, ...) {
        va_list args;

        va_start(args, format);
        int n = vsnprintf(text->at, text->room, format, args);
        va_end(args);
        size_t taken = n < 0 ? 0 : MIN((size_t)n, text->room - 1);
        text->at += taken;
        text->room -= taken;
}

static void print_range(struct text *text, uint32_t start, uint32_t end) {
        print(text, "0x%08" PRIX32 "-0x%08" PRIX32, start, end - 1);
}

static void print_target(struct text *text, const struct known *known) {
        print(text, "%s", known->context->target ?: "TARGET");
}

static void print_chip(struct text *text, const struct known *known) {
        print(text, "%s", known->context->chip ? known->context->chip->name : "this chip");
}

static void print_pins(struct text *text, const struct known *known) {
        print(text, "%s", known->context->chip->pins);
}

static void print_user(struct text *text, const struct known *known) {
        print(text, "%s", known->context->port_user);
}

static void print_baud(struct text *text, const struct known *known) {
        print(text, "%u", known->context->baud);
}

static void print_jitter(struct text *text, const struct known *known) {
        print(text, "%u", known->context->chip->jitter_percent);
}

static void print_startup(struct text *text, const struct known *known) {
        const struct chip *chip = known->context->chip;

        uint32_t usec = MAX(chip->startup_usec, chip->startup_slow_usec);

        print(text, "%" PRIu32, (usec + 999) / 1000);
}

static void print_id(struct text *text, const struct known *known) {
        print(text, "0x%03X", known->failure->chip_id);
}

static void print_found(struct text *text, const struct known *known) {
        print(text, "%s (ID 0x%03X)", chip_by_id(known->failure->chip_id)->name,
              known->failure->chip_id);
}

static void print_what(struct text *text, const struct known *known) {
        print(text, "%s", known->failure->reason);
}

static void print_address(struct text *text, const struct known *known) {
        if (known->failure->has_address)
                print(text, "0x%08" PRIX32, known->failure->address);
        else
                print(text, "that address");
}

static void print_flash(struct text *text, const struct known *known) {
        print_range(text, known->failure->plan.flash_start, known->failure->plan.flash_end);
}

static void print_flash_size(struct text *text, const struct known *known) {
        print(text, "%" PRIu32 " KiB", known->failure->plan.flash_size / 1024);
}

static void print_image_start(struct text *text, const struct known *known) {
        print(text, "0x%08" PRIX32, known->failure->plan.address);
}

static void print_image_end(struct text *text, const struct known *known) {
        print(text, "0x%08" PRIX32, known->failure->plan.end - 1);
}

static void print_excess(struct text *text, const struct known *known) {
        print(text, "%" PRIu32, known->failure->plan.end - known->failure->plan.address);
}

static void print_last_sector(struct text *text, const struct known *known) {
        print(text, "%u", known->failure->n_sectors - 1);
}

static const struct {
        const char *name;
        void (*print)(struct text *text, const struct known *known);
} names[] = {
        { "target", print_target },
        { "chip", print_chip },
        { "pins", print_pins },
        { "user", print_user },
        { "baud", print_baud },
        { "jitter", print_jitter },
        { "startup", print_startup },
        { "id", print_id },
        { "found", print_found },
        { "what", print_what },
        { "address", print_address },
        { "flash", print_flash },
        { "flash_size", print_flash_size },
        { "image_start", print_image_start },
        { "image_end", print_image_end },
        { "excess", print_excess },
        { "last_sector", print_last_sector },
};

static void print_name(struct text *text, const char *name, size_t size,
                       const struct known *known) {
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strlen(names[i].name) == size && strncmp(names[i].name, name, size) == 0) {
                        names[i].print(text, known);
                        return;
                }
        assert(false);
}

void advice_expand(const struct advice_cause *cause, const struct session_failure *failure,
                   const struct advice_context *context, struct advice *ret) {
        struct known known = { failure, context };
        struct text text = { ret->text, sizeof(ret->text) };

        for (const char *p = cause->text; *p;) {
                size_t n = strcspn(p, "{");

                print(&text, "%.*s", (int)n, p);
                p += n;
                if (!*p)
                        break;
                n = strcspn(p, "}");
                print_name(&text, p + 1, n - 1, &known);
                p += n + 1;
        }
}
