/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "hw/lines.h"
#include "util/macro.h"

static int copy(char *ret, size_t size, const char *text, size_t length) {
        if (length == 0 || length >= size)
                return -EINVAL;
        memcpy(ret, text, length);
        ret[length] = '\0';
        return 0;
}

/* Takes a last word like " pull-up" off the text. Line names may hold blanks themselves. */
static enum line_bias scan_bias(const char *text, size_t *length) {
        static const struct {
                const char *word;
                enum line_bias bias;
        } words[] = {
                { " no-pull", LINE_BIAS_NONE },
                { " pull-up", LINE_BIAS_PULL_UP },
                { " pull-down", LINE_BIAS_PULL_DOWN },
        };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                size_t n = strlen(words[i].word);

                if (*length < n || memcmp(text + *length - n, words[i].word, n) != 0)
                        continue;
                *length -= n;
                return words[i].bias;
        }
        return LINE_BIAS_AS_IS;
}

int line_config_parse(const char *text, const char *default_chip, struct line_config *ret) {
        struct line_config config = { .wired = true };
        const char *colon = strrchr(text, ':');
        int r;

        if (colon) {
                r = copy(config.chip, sizeof(config.chip), text, (size_t)(colon - text));
                text = colon + 1;
        } else {
                r = default_chip ? copy(config.chip, sizeof(config.chip), default_chip,
                                        strlen(default_chip))
                                 : -EINVAL;
        }
        if (r < 0)
                return r;
        if (*text == '!') {
                config.inverted = true;
                text++;
        }

        size_t length = strlen(text);
        config.bias = scan_bias(text, &length);
        r = copy(config.line, sizeof(config.line), text, length);
        if (r < 0)
                return r;
        if (line_is_serial(&config) &&
            ((strcmp(config.line, "dtr") != 0 && strcmp(config.line, "rts") != 0) ||
             config.bias != LINE_BIAS_AS_IS))
                return -EINVAL;
        *ret = config;
        return 0;
}

bool line_is_serial(const struct line_config *config) {
        return strcmp(config->chip, "serial") == 0;
}
