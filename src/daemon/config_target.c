/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config_board.h"
#include "daemon/config_target.h"
#include "daemon/file.h"
#include "daemon/settings.h"
#include "util/macro.h"
#include "util/parse.h"

#define FILE_SIZE_MAX   (64U << 10)
#define DEFAULT_BAUD    115200
#define BAUD_MIN        1200 /* AN3155 section 2 */
#define BAUD_MAX        4000000
#define ENTRY_DELAY_MAX (10 * USEC_PER_SEC)
#define FLASH_START     0x08000000U

const char *const line_keys[LINE_MAX_] = {
        [LINE_RESET] = "Reset",
        [LINE_BOOT0] = "Boot0",
        [LINE_BOOT1] = "Boot1",
};

/* What can only be judged when the whole file is known. */
struct parser {
        struct target_config *config;
        uint32_t seen; /* bit i: keys[i] was given */
        char *lines_chip;
        char *line[LINE_MAX_];
        unsigned line_number[LINE_MAX_];
        unsigned current_line, sequence_line;
        bool lines_section, board_section;
        unsigned board_line, board_seen;
};

typedef int (*assign_t)(struct parser *parser, const char *value, char **ret_reason);

static int assign_string(char **string, const char *value) {
        char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;
        free(*string);
        *string = copy;
        return 0;
}

static int assign_bool(bool *target, const char *value, char **ret_reason) {
        return parse_bool(value, target) < 0
                       ? settings_reason(ret_reason, "neither yes nor no: \"%s\"", value)
                       : 0;
}

/* ---- [Target], [Serial] ---- */

static int assign_description(struct parser *parser, const char *value, char **ret_reason) {
        (void)ret_reason;
        return assign_string(&parser->config->description, value);
}

static int assign_chip(struct parser *parser, const char *value, char **ret_reason) {
        if (!chip_by_name(value))
                return settings_reason(ret_reason, "no chip \"%s\" in the device table", value);
        return assign_string(&parser->config->chip_name, value);
}

int layout_parse(const char *text, struct flash_map *ret) {
        _cleanup_free_ char *start_text = NULL;
        const char *colon = strchr(text, ':');
        uint32_t start = FLASH_START;

        if (colon) {
                start_text = strndup(text, (size_t)(colon - text));
                if (!start_text)
                        return -ENOMEM;
                if (parse_u32(start_text, &start) < 0)
                        return -EINVAL;
                text = colon + 1;
        }
        struct flash_map map;
        int r = flash_map_parse(text, start, 0, &map);
        if (r < 0)
                return r;
        if (!flash_map_is_plausible(&map))
                return -ERANGE;
        *ret = map;
        return 0;
}

static int assign_layout(struct parser *parser, const char *value, char **ret_reason) {
        int r = layout_parse(value, &parser->config->layout);
        if (r == -ERANGE)
                return settings_reason(ret_reason,
                                       "no STM32's layout (pages are a power of two, 128 bytes or "
                                       "more; 64 MiB in all): \"%s\"",
                                       value);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : settings_reason(ret_reason, "no flash layout: \"%s\"", value);
        parser->config->has_layout = true;
        return 0;
}

static int assign_fast_program(struct parser *parser, const char *value, char **ret_reason) {
        return assign_bool(&parser->config->fast_program, value, ret_reason);
}

static int assign_port(struct parser *parser, const char *value, char **ret_reason) {
        struct target_config *config = parser->config;

        config->is_virtual = strncmp(value, VIRTUAL_PREFIX, strlen(VIRTUAL_PREFIX)) == 0;
        if (config->is_virtual) {
                const char *name = value + strlen(VIRTUAL_PREFIX);

                config->board.chip = chip_by_name(name);
                if (!config->board.chip)
                        return settings_reason(ret_reason, "no chip \"%s\" in the device table",
                                               name);
        }
        return assign_string(&config->port, value);
}

bool target_baud_is_valid(unsigned baud) {
        return baud >= BAUD_MIN && baud <= BAUD_MAX;
}

static int assign_baud(struct parser *parser, const char *value, char **ret_reason) {
        uint32_t baud;

        if (parse_u32(value, &baud) < 0 || !target_baud_is_valid(baud))
                return settings_reason(ret_reason, "no baud rate from %d to %d: \"%s\"", BAUD_MIN,
                                       BAUD_MAX, value);
        parser->config->baud = baud;
        return 0;
}

/* ---- [Lines], [Entry] ---- */

static int assign_lines_chip(struct parser *parser, const char *value, char **ret_reason) {
        (void)ret_reason;
        return assign_string(&parser->lines_chip, value);
}

/* Chip= may still come, so what the text means is seen at the end. */
static int assign_line(struct parser *parser, enum line line, const char *value) {
        parser->line_number[line] = parser->current_line;
        return assign_string(&parser->line[line], value);
}

static int assign_reset(struct parser *parser, const char *value, char **ret_reason) {
        (void)ret_reason;
        return assign_line(parser, LINE_RESET, value);
}

static int assign_boot0(struct parser *parser, const char *value, char **ret_reason) {
        (void)ret_reason;
        return assign_line(parser, LINE_BOOT0, value);
}

static int assign_boot1(struct parser *parser, const char *value, char **ret_reason) {
        (void)ret_reason;
        return assign_line(parser, LINE_BOOT1, value);
}

static int assign_delay(uint64_t *delay, const char *value, char **ret_reason) {
        uint64_t usec;

        if (parse_usec(value, &usec) < 0 || usec == 0 || usec > ENTRY_DELAY_MAX)
                return settings_reason(ret_reason, "no time from 1us to 10s: \"%s\"", value);
        *delay = usec;
        return 0;
}

static int assign_reset_pulse(struct parser *parser, const char *value, char **ret_reason) {
        return assign_delay(&parser->config->entry.reset_pulse, value, ret_reason);
}

static int assign_startup_delay(struct parser *parser, const char *value, char **ret_reason) {
        return assign_delay(&parser->config->entry.startup, value, ret_reason);
}

static int assign_sequence(struct parser *parser, const char *value, char **ret_reason) {
        size_t offset;

        if (entry_sequence_parse(value, &parser->config->entry.sequence, &offset) < 0)
                return settings_reason(ret_reason, "no step of a sequence: \"%s\"", value + offset);
        parser->sequence_line = parser->current_line;
        return 0;
}

/* ---- [Image] ---- */

static int assign_file(struct parser *parser, const char *value, char **ret_reason) {
        if (value[0] != '/')
                return settings_reason(ret_reason, "\"%s\" is not an absolute path", value);
        return assign_string(&parser->config->image_file, value);
}

static int assign_format(struct parser *parser, const char *value, char **ret_reason) {
        if (!image_format_from_string(value, &parser->config->image_format))
                return settings_reason(ret_reason, "unknown image format \"%s\"", value);
        return 0;
}

static int assign_address(struct parser *parser, const char *value, char **ret_reason) {
        if (parse_u32(value, &parser->config->image_address) < 0)
                return settings_reason(ret_reason, "no address: \"%s\"", value);
        parser->config->has_image_address = true;
        return 0;
}

bool sync_check_from_string(const char *text, enum sync_check *ret) {
        static const char *const names[] = {
                [SYNC_CHECK_RECORD] = "record",
                [SYNC_CHECK_FAST] = "fast",
                [SYNC_CHECK_FULL] = "full",
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(text, names[i]) == 0) {
                        *ret = (enum sync_check)i;
                        return true;
                }
        return false;
}

static int assign_check(struct parser *parser, const char *value, char **ret_reason) {
        if (!sync_check_from_string(value, &parser->config->check))
                return settings_reason(ret_reason, "neither record, fast nor full: \"%s\"", value);
        return 0;
}

static int assign_protected(struct parser *parser, const char *value, char **ret_reason) {
        if (strcmp(value, "fail") != 0 && strcmp(value, "record") != 0)
                return settings_reason(ret_reason, "neither fail nor record: \"%s\"", value);
        parser->config->trust_record_if_protected = strcmp(value, "record") == 0;
        return 0;
}

/* ---- the file ---- */

static const struct {
        const char *section, *key;
        assign_t assign;
} keys[] = {
        { "Target", "Description", assign_description },
        { "Target", "Chip", assign_chip },
        { "Target", "Layout", assign_layout },
        { "Target", "FastProgram", assign_fast_program },
        { "Serial", "Port", assign_port },
        { "Serial", "Baud", assign_baud },
        { "Lines", "Chip", assign_lines_chip },
        { "Lines", "Reset", assign_reset },
        { "Lines", "Boot0", assign_boot0 },
        { "Lines", "Boot1", assign_boot1 },
        { "Entry", "ResetPulse", assign_reset_pulse },
        { "Entry", "StartupDelay", assign_startup_delay },
        { "Entry", "Sequence", assign_sequence },
        { "Image", "File", assign_file },
        { "Image", "Format", assign_format },
        { "Image", "Address", assign_address },
        { "Image", "Check", assign_check },
        { "Image", "Protected", assign_protected },
};
static_assert(ARRAY_SIZE(keys) <= 32, "parser.seen has a bit for each key");

static int enter_section(struct parser *parser, const char *section, unsigned line,
                         char **ret_reason) {
        if (strcmp(section, "Lines") == 0)
                parser->lines_section = true;
        if (strcmp(section, "Virtual") == 0) {
                parser->board_section = true;
                parser->board_line = line;
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (strcmp(section, keys[i].section) == 0)
                        return 0;
        return settings_reason(ret_reason, "unknown section [%s]", section);
}

/* "6 # the pin": in many other files that is a comment, and here it would be a line's name. */
static bool has_other_comment(const char *value) {
        return strstr(value, " #");
}

static int on_assignment(const char *section, const char *key, const char *value, unsigned line,
                         void *userdata, char **ret_reason) {
        struct parser *parser = userdata;

        if (!key)
                return enter_section(parser, section, line, ret_reason);
        if (strcmp(section, "Virtual") == 0)
                return config_board_assign(parser->config, &parser->board_seen, key, value,
                                           ret_reason);

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                if (strcmp(section, keys[i].section) != 0 || strcmp(key, keys[i].key) != 0)
                        continue;
                if (parser->seen & 1U << i)
                        return settings_reason(ret_reason, "%s= is given twice", key);
                parser->seen |= 1U << i;
                if (value[0] == '\0') /* the default */
                        return 0;
                if (keys[i].assign != assign_description && has_other_comment(value))
                        return settings_reason(ret_reason,
                                               "a comment begins with ; or is a line of "
                                               "its own: \"%s\"",
                                               value);
                parser->current_line = line;
                return keys[i].assign(parser, value, ret_reason);
        }
        return settings_reason(ret_reason, "unknown key %s= in [%s]", key, section);
}

void target_config_set_wired(struct target_config *config) {
        config->entry.has_reset = config->lines.line[LINE_RESET].wired;
        config->entry.has_boot0 = config->lines.line[LINE_BOOT0].wired;
        config->entry.has_boot1 = config->lines.line[LINE_BOOT1].wired;
}

static int finish_lines(struct parser *parser, const char *file, char **ret_reason) {
        struct target_config *config = parser->config;

        for (size_t i = 0; i < LINE_MAX_; i++) {
                if (!parser->line[i])
                        continue;
                if (line_config_parse(parser->line[i], parser->lines_chip, &config->lines.line[i]) <
                    0)
                        return settings_reason(ret_reason,
                                               "%s:%u: no line, or no Chip= for it: \"%s\"", file,
                                               parser->line_number[i], parser->line[i]);
                config->lines.line[i].wired = true;
        }
        target_config_set_wired(config);
        return 0;
}

/* A line that Sequence= sets and nobody can drive; NULL: none. */
static const char *missing_line(const struct entry_config *entry) {
        for (size_t i = 0; i < entry->sequence.n_steps; i++) {
                const struct entry_lines *lines = &entry->sequence.steps[i].lines;

                if (lines->set_reset && !entry->has_reset)
                        return line_keys[LINE_RESET];
                if (lines->set_boot0 && !entry->has_boot0)
                        return line_keys[LINE_BOOT0];
                if (lines->set_boot1 && !entry->has_boot1)
                        return line_keys[LINE_BOOT1];
        }
        return NULL;
}

static int finish(struct parser *parser, const char *file, char **ret_reason) {
        struct target_config *config = parser->config;

        if (!config->port)
                return settings_reason(ret_reason, "%s: no Port= in [Serial]", file);
        if (parser->board_section && !config->is_virtual)
                return settings_reason(ret_reason, "%s:%u: [Virtual] goes with Port=%s... only",
                                       file, parser->board_line, VIRTUAL_PREFIX);

        int r = finish_lines(parser, file, ret_reason);
        if (r < 0)
                return r;
        if (config->is_virtual && !parser->lines_section)
                config->entry.has_reset = config->entry.has_boot0 = true;

        const char *missing = missing_line(&config->entry);
        if (missing)
                return settings_reason(ret_reason,
                                       "%s:%u: Sequence= sets a line, but no %s= is given", file,
                                       parser->sequence_line, missing);
        return 0;
}

int target_config_parse(const char *file, const char *data, size_t size, struct target_config **ret,
                        char **ret_reason) {
        _cleanup_(target_config_freep) struct target_config *config = target_config_new();
        struct parser parser = { .config = config };

        *ret_reason = NULL;
        if (!config)
                return -ENOMEM;

        int r = settings_read(file, data, size, on_assignment, &parser, ret_reason);
        if (r >= 0)
                r = finish(&parser, file, ret_reason);
        free(parser.lines_chip);
        for (size_t i = 0; i < LINE_MAX_; i++)
                free(parser.line[i]);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(config);
        return 0;
}

int target_config_load(const char *path, struct target_config **ret, char **ret_reason) {
        _cleanup_free_ uint8_t *data = NULL;
        size_t size;

        *ret_reason = NULL;
        int r = file_read(path, FILE_SIZE_MAX, &data, &size);
        if (r < 0) {
                (void)settings_reason(ret_reason, "%s: %s", path, file_strerror(r));
                return r;
        }
        return target_config_parse(path, (const char *)data, size, ret, ret_reason);
}

struct target_config *target_config_new(void) {
        struct target_config *config = calloc(1, sizeof(*config));

        if (!config)
                return NULL;
        config->description = strdup("");
        config->baud = DEFAULT_BAUD;
        config->check = SYNC_CHECK_FAST;
        return config->description ? config : target_config_free(config);
}

struct target_config *target_config_free(struct target_config *config) {
        if (!config)
                return NULL;
        free(config->description);
        free(config->chip_name);
        free(config->port);
        free(config->image_file);
        free(config);
        return NULL;
}
