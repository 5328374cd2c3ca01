/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon/known_chip.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/state_file.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/parse.h"
#include "util/utf8.h"

#define SUFFIX  ".chip"
#define VERSION "1"

/* ---- the file ---- */

struct parser {
        const char *port; /* what is still to come of it */
        struct session_info info;
};

static const char *const protection_names[] = {
        [CHIP_UNKNOWN] = "unknown",
        [CHIP_NO] = "none",
        [CHIP_YES] = "readout",
};

const char *known_chip_protection(const struct session_info *info) {
        return protection_names[info->protection];
}

static bool read_version(void *userdata, const char *value) {
        (void)userdata;
        return strcmp(value, VERSION) == 0;
}

static bool read_port(void *userdata, const char *value) {
        struct parser *parser = userdata;
        size_t n = strlen(value);

        if (n == 0 || strncmp(value, parser->port, n) != 0)
                return false;
        parser->port += n;
        return true;
}

static bool read_number(const char *value, uint32_t max, uint32_t *ret) {
        return parse_u32(value, ret) == 0 && *ret <= max;
}

static bool read_chip_id(void *userdata, const char *value) {
        struct parser *parser = userdata;
        uint32_t id;

        if (!read_number(value, UINT16_MAX, &id))
                return false;
        parser->info.chip_id = (uint16_t)id;
        parser->info.chip = chip_by_id(parser->info.chip_id);
        return true;
}

static bool read_rom_version(void *userdata, const char *value) {
        struct parser *parser = userdata;
        uint32_t version;

        if (!read_number(value, UINT8_MAX, &version))
                return false;
        parser->info.rom_version = (uint8_t)version;
        return true;
}

static bool read_bootloader_id(void *userdata, const char *value) {
        struct parser *parser = userdata;
        uint32_t id = 0;

        parser->info.has_bootloader_id = value[0] != '\0';
        if (parser->info.has_bootloader_id && !read_number(value, UINT8_MAX, &id))
                return false;
        parser->info.bootloader_id = (uint8_t)id;
        return true;
}

static bool read_flash_size(void *userdata, const char *value) {
        struct parser *parser = userdata;

        parser->info.has_flash_size = value[0] != '\0';
        return !parser->info.has_flash_size ||
               read_number(value, UINT32_MAX, &parser->info.flash_size);
}

static bool read_unique_id(void *userdata, const char *value) {
        struct parser *parser = userdata;

        parser->info.has_unique_id = value[0] != '\0';
        return !parser->info.has_unique_id ||
               parse_hex(value, parser->info.unique_id, sizeof(parser->info.unique_id)) == 0;
}

static bool read_protection(void *userdata, const char *value) {
        struct parser *parser = userdata;

        for (size_t i = 0; i < ARRAY_SIZE(protection_names); i++)
                if (strcmp(value, protection_names[i]) == 0) {
                        parser->info.protection = (enum chip_tristate)i;
                        return true;
                }
        return false;
}

static const struct state_file_key keys[] = {
        { "Version", read_version },
        { "Port", read_port },
        { "ChipId", read_chip_id },
        { "RomVersion", read_rom_version },
        { "BootloaderId", read_bootloader_id },
        { "FlashSize", read_flash_size },
        { "UniqueId", read_unique_id },
        { "Protection", read_protection },
};

bool known_chip_parse(const char *data, size_t size, const char *port, struct session_info *ret) {
        struct parser parser = { .port = port, .info = { .identified = true } };

        if (!state_file_parse(data, size, "Chip", keys, ARRAY_SIZE(keys), &parser) || *parser.port)
                return false;
        *ret = parser.info;
        return true;
}

/* A device tree's path may be longer than a line that is read back: it goes into several. */
#define PIECE_MAX 150

static void format_port(const char *port, char *text, size_t size) {
        size_t used = 0;

        text[0] = '\0';
        while (*port && used < size) {
                size_t n = 0;

                while (port[n] && n < PIECE_MAX)
                        n += MAX(utf8_next(port + n), (size_t)1);
                used += (size_t)snprintf(text + used, size - used, "Port=%.*s\n", (int)n, port);
                port += n;
        }
}

size_t known_chip_format(const struct session_info *info, const char *port, char *text,
                         size_t size) {
        char unique_id[2 * sizeof(info->unique_id) + 1] = "";
        char bootloader_id[8] = "", flash_size[16] = "", port_lines[STATE_FILE_SIZE_MAX];

        format_port(port, port_lines, sizeof(port_lines));
        if (info->has_unique_id)
                format_hex(info->unique_id, sizeof(info->unique_id), unique_id);
        if (info->has_bootloader_id)
                (void)snprintf(bootloader_id, sizeof(bootloader_id), "0x%02x", info->bootloader_id);
        if (info->has_flash_size)
                (void)snprintf(flash_size, sizeof(flash_size), "%u", info->flash_size);
        int n = snprintf(text, size,
                         "[Chip]\n"
                         "Version=" VERSION "\n"
                         "%s"
                         "ChipId=0x%04x\n"
                         "RomVersion=0x%02x\n"
                         "BootloaderId=%s\n"
                         "FlashSize=%s\n"
                         "UniqueId=%s\n"
                         "Protection=%s\n",
                         port_lines, info->chip_id, info->rom_version, bootloader_id, flash_size,
                         unique_id, protection_names[info->protection]);
        return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* ---- reading ---- */

/* False: there is nothing to be had; *ret may hold anything then. */
static bool load(const struct target *target, struct session_info *ret) {
        const struct target_config *config = target->config;
        _cleanup_free_ uint8_t *data = NULL;
        size_t size;

        int r = state_file_read(target->manager->paths.state_dir, target->name, SUFFIX, &data,
                                &size);
        if (r < 0 || !known_chip_parse((const char *)data, size, config->port, ret))
                return false;
        return !config->chip_name || (ret->chip && chip_name_fits(config->chip_name, ret->chip));
}

void known_chip_load(struct target *target) {
        struct known_chip *known = &target->known;

        known->changed = false;
        known->in_doubt = target->config && load(target, &known->info);
        if (!known->in_doubt)
                known->info = (struct session_info){ 0 };
}

/* ---- writing ---- */

static void start_writing(struct target *target);

static int on_child(sd_event_source *source, const siginfo_t *info, void *userdata) {
        struct target *target = userdata;
        struct known_chip *known = target ? &target->known : NULL;
        int error = EIO;

        (void)source;
        if (!target) /* it went meanwhile */
                return 0;
        known->child = sd_event_source_disable_unref(known->child);
        if (info->si_code != CLD_EXITED ||
            state_file_written(info->si_status, &error) != STATE_FILE_WRITTEN)
                log_write(LOG_WARNING, target->name, NULL, "cannot write %s" SUFFIX ": %s",
                          target->name, strerror(error));
        if (known->changed)
                start_writing(target);
        if (!known->child)
                manager_target_released(target->manager);
        return 0;
}

static void start_writing(struct target *target) {
        struct known_chip *known = &target->known;
        char text[STATE_FILE_SIZE_MAX];

        known->changed = false;
        size_t size = known_chip_format(&known->info, target->config->port, text, sizeof(text));
        pid_t pid = state_file_write_start(target->manager->paths.state_dir, target->name, SUFFIX,
                                           text, size);
        int r = pid < 0 ? pid
                        : sd_event_add_child(target->manager->event, &known->child, pid, WEXITED,
                                             on_child, target);
        if (r < 0)
                log_write(LOG_WARNING, target->name, NULL, "cannot write %s" SUFFIX ": %s",
                          target->name, strerror(-r));
}

void known_chip_learn(struct target *target, const struct session_info *info) {
        struct known_chip *known = &target->known;
        char before[STATE_FILE_SIZE_MAX], now[STATE_FILE_SIZE_MAX];
        const char *port = target->config->port;

        known_chip_format(&known->info, port, before, sizeof(before));
        known_chip_format(info, port, now, sizeof(now));
        known->changed |= !known->info.identified || strcmp(before, now) != 0;
        known->info = *info;
        known->in_doubt = false;
        if (known->changed && !known->child)
                start_writing(target);
}

void known_chip_done(struct known_chip *known) {
        if (!known->child)
                return;
        /* Somebody has to take notice of the child's end. */
        (void)sd_event_source_set_userdata(known->child, NULL);
        (void)sd_event_source_set_floating(known->child, true);
        known->child = sd_event_source_unref(known->child);
}
