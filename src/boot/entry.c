/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "boot/entry.h"
#include "util/macro.h"
#include "util/parse.h"

/* NRST needs 300 ns (datasheets, NRST pin characteristics), but ST's 100 nF behind the 40 kOhm
 * pull-up takes milliseconds to charge and discharge. */
#define RESET_PULSE (10 * USEC_PER_MSEC)

/* Time for NRST to rise through that same capacitor, before the start-up time begins. */
#define RESET_RISE (10 * USEC_PER_MSEC)

/* Most ROMs are ready by then (AN2606 table 227). */
#define STARTUP_DEFAULT (100 * USEC_PER_MSEC)

/* H7A3 545 ms, F301 without HSE 561 ms, F105 with PA9 high 524 ms (AN2606 table 227). */
#define STARTUP_LONG (650 * USEC_PER_MSEC)

/* L47x without LSE: 2.56 s (AN2606 table 227). */
#define STARTUP_LONGEST (3 * USEC_PER_SEC)

/* AN3155 section 2: ROMs are tested up to here. */
#define BAUD_TESTED 115200

/* A ROM that measures the baud rate in software may be off by up to 6 % at 115200; AN2606 has such
 * chips (F72x, F74x, F76x) used at 57600. */
#define BAUD_CAREFUL 57600

/* AN3155 section 2: what a UART stands. */
#define JITTER_TOLERATED 2

/* ---- Sequence= ---- */

static bool parse_line(const char *word, struct entry_lines *lines) {
        const struct {
                const char *name;
                bool *set, *value;
        } keys[] = {
                { "reset=", &lines->set_reset, &lines->reset },
                { "boot0=", &lines->set_boot0, &lines->boot0 },
                { "boot1=", &lines->set_boot1, &lines->boot1 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                size_t n = strlen(keys[i].name);

                if (strncmp(word, keys[i].name, n) != 0)
                        continue;
                if ((word[n] != '0' && word[n] != '1') || word[n + 1] != '\0')
                        return false;
                *keys[i].set = true;
                *keys[i].value = word[n] == '1';
                return true;
        }
        return false;
}

bool entry_sets_lines(const struct entry_lines *lines) {
        return lines->set_reset || lines->set_boot0 || lines->set_boot1;
}

int entry_sequence_parse(const char *text, struct entry_sequence *ret, size_t *ret_offset) {
        struct entry_sequence sequence = { 0 };
        struct entry_step step = { 0 };
        size_t at = 0;

        for (;;) {
                char word[32];

                at += strspn(text + at, " \t");
                size_t n = strcspn(text + at, " \t");
                if (n == 0)
                        break;
                *ret_offset = at;
                if (n >= sizeof(word) || sequence.n_steps == ENTRY_STEPS_MAX)
                        return -EINVAL;
                memcpy(word, text + at, n);
                word[n] = '\0';
                at += n;

                if (parse_line(word, &step.lines))
                        continue;
                /* A bare number would be seconds: here it can only be a slip. */
                if (word[n - 1] != 's' || parse_usec(word, &step.delay) < 0 ||
                    step.delay > 60 * USEC_PER_SEC)
                        return -EINVAL;
                sequence.steps[sequence.n_steps++] = step;
                step = (struct entry_step){ 0 };
        }
        if (entry_sets_lines(&step.lines)) {
                if (sequence.n_steps == ENTRY_STEPS_MAX)
                        return -EINVAL;
                sequence.steps[sequence.n_steps++] = step;
        }
        if (sequence.n_steps == 0) {
                *ret_offset = 0;
                return -EINVAL;
        }
        *ret = sequence;
        return 0;
}

/* ---- sequences from the boot pattern ---- */

static void add_step(struct entry_sequence *sequence, const struct entry_config *config,
                     struct entry_lines lines, uint64_t delay) {
        lines.set_reset &= config->has_reset;
        lines.set_boot0 &= config->has_boot0;
        lines.set_boot1 &= config->has_boot1;
        if (entry_sets_lines(&lines))
                sequence->steps[sequence->n_steps++] = (struct entry_step){ lines, delay };
}

static uint64_t reset_pulse(const struct entry_config *config) {
        return config->reset_pulse > 0 ? config->reset_pulse : RESET_PULSE;
}

/*
 * Every pattern enters with BOOT0 high (18: PA10, wired as Boot0) and, where it is a pin, BOOT1 low
 * while NRST rises: AN2606 table 2. BOOT0 is set while the chip is held, so that its application
 * does not run for a moment. It stays high: the ROM's own resets sample it again.
 */
static void enter_steps(const struct entry_config *config, uint64_t startup,
                        struct entry_sequence *ret) {
        *ret = (struct entry_sequence){ 0 };
        add_step(ret, config,
                 (struct entry_lines){ .set_reset = true,
                                       .reset = true,
                                       .set_boot0 = true,
                                       .boot0 = true,
                                       .set_boot1 = true,
                                       .boot1 = false },
                 reset_pulse(config));
        add_step(ret, config, (struct entry_lines){ .set_reset = true, .reset = false }, startup);
}

void entry_safe(const struct entry_config *config, struct entry_sequence *ret) {
        *ret = (struct entry_sequence){ 0 };
        add_step(ret, config,
                 (struct entry_lines){ .set_boot0 = true, .set_boot1 = true, .set_reset = true },
                 0);
}

void entry_abandon(const struct entry_config *config, struct entry_sequence *ret) {
        struct entry_sequence safe;

        enter_steps(config, STARTUP_DEFAULT, ret);
        entry_safe(config, &safe);
        if (safe.n_steps > 0)
                ret->steps[ret->n_steps++] = safe.steps[0];
}

void entry_leave(const struct entry_config *config, struct entry_sequence *ret) {
        *ret = (struct entry_sequence){ 0 };
        add_step(ret, config, (struct entry_lines){ .set_boot0 = true, .set_boot1 = true },
                 USEC_PER_MSEC);
        add_step(ret, config, (struct entry_lines){ .set_reset = true, .reset = true },
                 reset_pulse(config));
        add_step(ret, config, (struct entry_lines){ .set_reset = true, .reset = false }, 0);
}

/* ---- attempts ---- */

static uint64_t with_margin(uint32_t startup) {
        return RESET_RISE + startup + startup / 8;
}

static uint64_t first_startup(const struct entry_config *config, const struct chip *chip) {
        if (config->startup > 0)
                return config->startup;
        if (chip && chip->startup_usec > 0)
                return with_margin(chip->startup_usec);
        return STARTUP_DEFAULT;
}

static uint64_t slow_startup(const struct chip *chip) {
        uint64_t slow =
                chip && chip->startup_slow_usec > 0 ? with_margin(chip->startup_slow_usec) : 0;

        return MAX(slow, STARTUP_LONG);
}

unsigned entry_careful_baud(const struct chip *chip, unsigned baud) {
        unsigned careful = BAUD_TESTED;

        if (!chip || chip->jitter_percent > JITTER_TOLERATED)
                careful = BAUD_CAREFUL;
        if (chip && chip->baud_max > 0)
                careful = MIN(careful, chip->baud_max);
        return MIN(baud, careful);
}

bool entry_can_reset(const struct entry_config *config) {
        const struct entry_sequence *sequence = &config->sequence;

        for (size_t i = 0; i < sequence->n_steps; i++)
                if (sequence->steps[i].lines.set_reset && sequence->steps[i].lines.reset)
                        return true;
        return sequence->n_steps == 0 && config->has_reset;
}

bool entry_looks_first(const struct entry_config *config, const struct chip *chip) {
        return config->has_reset && config->sequence.n_steps == 0 &&
               (!chip || chip->quirks & CHIP_QUIRK_PIN_OFF);
}

enum {
        ATTEMPTS_NO_RESET = 2,
        ATTEMPTS_SEQUENCE = 3,
        ATTEMPTS_WAITS = 5,
};

static unsigned known_attempts(const struct entry_config *config) {
        if (config->sequence.n_steps > 0)
                return ATTEMPTS_SEQUENCE;
        return config->has_reset ? ATTEMPTS_WAITS : ATTEMPTS_NO_RESET;
}

unsigned entry_attempts(const struct entry_config *config, const struct chip *chip) {
        return known_attempts(config) + (chip ? 0 : 1);
}

/*
 * The rate asked for comes first, twice, since one measured in software differs from time to time;
 * then slower, then as long as the slowest chips need.
 */
void entry_attempt(const struct entry_config *config, const struct chip *chip, unsigned baud,
                   unsigned index, struct entry_attempt *ret) {
        uint64_t startup = first_startup(config, chip);
        bool careful = entry_can_reset(config) && (index == 2 || index == 4);

        *ret = (struct entry_attempt){
                .baud = careful ? entry_careful_baud(chip, baud) : baud,
                .even_parity = chip ? !(chip->quirks & CHIP_QUIRK_8N1)
                                    : index < known_attempts(config), /* WB0 and WL3: 8N1 */
        };
        if (config->sequence.n_steps > 0) {
                ret->sequence = config->sequence;
                return;
        }
        if (index == 4)
                startup = MAX(startup, STARTUP_LONGEST);
        else if (index > 2)
                startup = MAX(startup, slow_startup(chip));
        else if (index == 2)
                startup = MAX(startup, STARTUP_DEFAULT);
        enter_steps(config, startup, &ret->sequence);
}
