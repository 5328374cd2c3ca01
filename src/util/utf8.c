/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>

#include "util/utf8.h"

/* RFC 3629, section 4: no overlong forms, no surrogates, nothing past U+10FFFF. */
size_t utf8_next(const char *text) {
        const uint8_t *p = (const uint8_t *)text;
        uint32_t code, least;
        size_t length;

        if (p[0] == 0)
                return 0;
        if (p[0] < 0x80)
                return 1;
        if (p[0] >= 0xc2 && p[0] < 0xe0) {
                length = 2;
                code = p[0] & 0x1fU;
                least = 0x80;
        } else if (p[0] >= 0xe0 && p[0] < 0xf0) {
                length = 3;
                code = p[0] & 0x0fU;
                least = 0x800;
        } else if (p[0] >= 0xf0 && p[0] < 0xf5) {
                length = 4;
                code = p[0] & 0x07U;
                least = 0x10000;
        } else
                return 0;

        for (size_t i = 1; i < length; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (p[i] & 0x3fU);
        }
        if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
                return 0;
        return length;
}

bool utf8_is_line(const char *text) {
        while (*text) {
                size_t n = utf8_next(text);

                if (n == 0 || (n == 1 && ((uint8_t)*text < 0x20 || *text == 0x7f)))
                        return false;
                text += n;
        }
        return true;
}

void utf8_sanitise(char *text) {
        while (*text) {
                size_t n = utf8_next(text);

                if (n == 0)
                        *text++ = '?';
                else
                        text += n;
        }
}
