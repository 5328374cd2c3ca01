/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "util/macro.h"
#include "util/parse.h"

int parse_hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* Beyond any base where it is no digit. */
static unsigned digit_value(char c) {
        return (unsigned)parse_hex_digit(c);
}

/* Reads as many digits as there are; *text is left behind the last one. */
static int scan_u64(const char **text, uint64_t *ret) {
        const char *p = *text;
        unsigned base = 10;
        uint64_t value = 0;

        if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
                base = 16;
                p += 2;
        }

        const char *digits = p;
        for (unsigned digit; (digit = digit_value(*p)) < base; p++)
                if (__builtin_mul_overflow(value, base, &value) ||
                    __builtin_add_overflow(value, digit, &value))
                        return -ERANGE;
        if (p == digits)
                return -EINVAL;

        *text = p;
        *ret = value;
        return 0;
}

int parse_u64(const char *text, uint64_t *ret) {
        uint64_t value;

        int r = scan_u64(&text, &value);
        if (r < 0)
                return r;
        if (*text)
                return -EINVAL;
        *ret = value;
        return 0;
}

int parse_u32(const char *text, uint32_t *ret) {
        uint64_t value;

        int r = parse_u64(text, &value);
        if (r < 0)
                return r;
        if (value > UINT32_MAX)
                return -ERANGE;
        *ret = (uint32_t)value;
        return 0;
}

int parse_size(const char *text, uint64_t *ret) {
        static const struct {
                const char *suffix;
                unsigned shift;
        } units[] = {
                { "", 0 }, { "K", 10 }, { "KiB", 10 }, { "M", 20 }, { "MiB", 20 },
        };
        uint64_t value;

        int r = scan_u64(&text, &value);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
                if (strcasecmp(text, units[i].suffix) != 0)
                        continue;
                if (value > UINT64_MAX >> units[i].shift)
                        return -ERANGE;
                *ret = value << units[i].shift;
                return 0;
        }
        return -EINVAL;
}

int parse_usec(const char *text, uint64_t *ret_usec) {
        static const struct {
                const char *unit;
                uint64_t usec;
        } units[] = {
                { "us", 1 },
                { "ms", USEC_PER_MSEC },
                { "s", USEC_PER_SEC },
                { "", USEC_PER_SEC },
        };
        uint64_t whole = 0, fraction = 0, scale = 1;

        if (digit_value(*text) >= 10)
                return -EINVAL;
        for (; digit_value(*text) < 10; text++)
                if (__builtin_mul_overflow(whole, 10, &whole) ||
                    __builtin_add_overflow(whole, digit_value(*text), &whole))
                        return -ERANGE;
        if (*text == '.') {
                if (digit_value(*++text) >= 10)
                        return -EINVAL;
                for (; digit_value(*text) < 10; text++)
                        if (scale < USEC_PER_SEC) { /* finer than a microsecond is cut off */
                                fraction = fraction * 10 + digit_value(*text);
                                scale *= 10;
                        }
        }
        for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
                uint64_t usec;

                if (strcmp(text, units[i].unit) != 0)
                        continue;
                if (__builtin_mul_overflow(whole, units[i].usec, &usec) ||
                    __builtin_add_overflow(usec, fraction * units[i].usec / scale, &usec))
                        return -ERANGE;
                *ret_usec = usec;
                return 0;
        }
        return -EINVAL;
}

int parse_bool(const char *text, bool *ret) {
        static const char *const yes[] = { "yes", "true", "on", "1" };
        static const char *const no[] = { "no", "false", "off", "0" };

        for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
                if (strcasecmp(text, yes[i]) == 0) {
                        *ret = true;
                        return 0;
                }
                if (strcasecmp(text, no[i]) == 0) {
                        *ret = false;
                        return 0;
                }
        }
        return -EINVAL;
}

int parse_hex(const char *text, uint8_t *ret, size_t size) {
        if (strlen(text) != 2 * size || strspn(text, "0123456789abcdef") != 2 * size)
                return -EINVAL;
        for (size_t i = 0; i < size; i++)
                ret[i] = (uint8_t)(parse_hex_digit(text[2 * i]) << 4 |
                                   parse_hex_digit(text[2 * i + 1]));
        return 0;
}

void format_hex(const uint8_t *data, size_t size, char *text) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < size; i++) {
                text[2 * i] = digits[data[i] >> 4];
                text[2 * i + 1] = digits[data[i] & 15];
        }
        text[2 * size] = '\0';
}
