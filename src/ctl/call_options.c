/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "ctl/call_options.h"
#include "ctl/client.h"
#include "ctl/image_file.h"
#include "ctl/range.h"
#include "ctl/text.h"
#include "stmboot/dbus.h"
#include "util/macro.h"
#include "util/utf8.h"

static int append_text(sd_bus_message *call, const char *key, const char *value) {
        return value ? sd_bus_message_append(call, "{sv}", key, "s", value) : 0;
}

static int append_flag(sd_bus_message *call, const char *key, bool value) {
        return value ? sd_bus_message_append(call, "{sv}", key, "b", 1) : 0;
}

static int append_u64(sd_bus_message *call, const char *key, const struct option_number *number) {
        return number->set ? sd_bus_message_append(call, "{sv}", key, "t", number->value) : 0;
}

static int append_u32(sd_bus_message *call, const char *key, uint32_t value) {
        return value > 0 ? sd_bus_message_append(call, "{sv}", key, "u", value) : 0;
}

static int append_bytes(sd_bus_message *call, const char *key, const uint8_t *bytes, size_t size) {
        int r = sd_bus_message_open_container(call, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(call, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(call, 'y', bytes, size);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

static int append_all(sd_bus_message *call, const struct options *o) {
        const struct {
                const char *key;
                bool value;
        } flags[] = {
                { STMBOOT_OPTION_PRESERVE, o->preserve },
                { STMBOOT_OPTION_OPTION_SEGMENTS, o->option_segments },
                { STMBOOT_OPTION_PROTECT_READOUT, o->protect_readout },
                { STMBOOT_OPTION_FAST_PROGRAM, o->fast_program },
                { STMBOOT_OPTION_ENABLE_BOOT_PIN, o->enable_boot_pin },
                { STMBOOT_OPTION_ONE_PIECE, o->one_piece },
                { STMBOOT_OPTION_UNBOOTABLE, o->unbootable },
                { STMBOOT_OPTION_PERMANENT, o->permanent },
                { STMBOOT_OPTION_CHECK_ONLY, o->check_only },
                { STMBOOT_OPTION_MASS, o->mass },
        };
        const struct {
                const char *key, *value;
        } texts[] = {
                { STMBOOT_OPTION_FORMAT, o->format },
                { STMBOOT_OPTION_ERASE, o->erase },
                { STMBOOT_OPTION_CHECK, o->if_different ? o->check ?: "full" : o->compare },
                { STMBOOT_OPTION_AFTER, o->after },
                { STMBOOT_OPTION_LAYOUT, o->layout },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(flags); i++)
                r = append_flag(call, flags[i].key, flags[i].value);
        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(texts); i++)
                r = append_text(call, texts[i].key, texts[i].value);
        if (r >= 0)
                r = append_u64(call, STMBOOT_OPTION_ADDRESS, &o->address);
        if (r >= 0)
                r = append_u64(call, STMBOOT_OPTION_LENGTH, &o->length);
        if (r >= 0)
                r = append_u64(call, STMBOOT_OPTION_GO_ADDRESS, &o->go_address);
        if (r >= 0)
                r = append_u32(call, STMBOOT_OPTION_BAUD, (uint32_t)o->baud.value);
        if (r >= 0)
                r = append_u32(call, STMBOOT_OPTION_BANK,
                               o->bank ? (uint32_t)(o->bank[0] - '0') : 0);
        return r;
}

/* What came as a path has its name already. */
static int append_name(sd_bus_message *call, const struct options *options, const char *file) {
        _cleanup_free_ char *name = NULL;

        if (!file || options->on_gateway)
                return 0;
        name = strdup(strcmp(file, "-") == 0 ? "standard input" : file);
        if (!name)
                return -ENOMEM;
        utf8_sanitise(text_sanitise(name, false));
        return append_text(call, STMBOOT_OPTION_NAME, name);
}

int call_options_append(sd_bus_message *call, const struct options *options) {
        return call_options_append_image(call, options, NULL);
}

int call_options_append_image(sd_bus_message *call, const struct options *options,
                              const char *file) {
        _cleanup_free_ uint8_t *bytes = NULL, *sectors = NULL;
        size_t size = 0, n_sectors = 0;

        if (options->option_bytes) {
                int code = image_file_bytes(options->option_bytes, &bytes, &size);
                if (code != STMBOOT_EXIT_DONE)
                        return code;
        }
        if (options->protect_write) {
                int code = range_parse_sectors(options->protect_write, &sectors, &n_sectors);
                if (code != STMBOOT_EXIT_DONE)
                        return code;
        }
        int r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0)
                r = append_name(call, options, file);
        if (r >= 0)
                r = append_all(call, options);
        if (r >= 0 && bytes)
                r = append_bytes(call, STMBOOT_OPTION_OPTION_BYTES, bytes, size);
        if (r >= 0 && sectors)
                r = append_bytes(call, STMBOOT_OPTION_PROTECT_WRITE, sectors, n_sectors);
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        return r < 0 ? client_report_errno(r, "Cannot make a call") : STMBOOT_EXIT_DONE;
}
