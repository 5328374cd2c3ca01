/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "ctl/options.h"
#include "ctl/text.h"
#include "stmboot/dbus.h"
#include "util/macro.h"
#include "util/parse.h"

enum option_kind {
        OPTION_FLAG,     /* bool */
        OPTION_TEXT,     /* const char * */
        OPTION_CHOICE,   /* const char *, one of those in `arg` */
        OPTION_ADDRESS,  /* struct option_number */
        OPTION_BAUD,     /* struct option_number */
        OPTION_SPECIAL,  /* see parse_special() */
        OPTION_OPTIONAL, /* the same, and the value may be left out */
};

struct option_row {
        const char *name;
        const char *arg; /* NULL: none */
        enum option_kind kind;
        char letter;
        size_t offset;  /* in struct options */
        uint32_t verbs; /* bits of enum verb_id */
        const char *help;
};

#define V(verb) (1U << VERB_##verb)

#define ALL    UINT32_MAX
#define IMAGES (V(FLASH) | V(VERIFY) | V(IMAGE))
#define WRITES (V(FLASH) | V(SYNC))
#define STARTS                                                                                     \
        (V(PROBE) | V(FLASH) | V(VERIFY) | V(ERASE) | V(RUN) | V(RESET) | V(BOOT) | V(PROTECT) |   \
         V(UNPROTECT) | V(SYNC))
#define JOBS   (STARTS | V(READ) | V(OPTION_BYTES))
#define LEAVES (JOBS & ~(V(RUN) | V(RESET) | V(BOOT)))

#define AT(field) offsetof(struct options, field)

static const struct option_row rows[] = {
        { "format", "auto|bin|hex|srec|elf", OPTION_CHOICE, 0, AT(format), IMAGES,
          "what IMAGE is, if its content does not tell" },
        { "address", "ADDRESS", OPTION_ADDRESS, 0, AT(address), IMAGES,
          "where a raw binary belongs; default: start of flash" },
        { "on-gateway", NULL, OPTION_FLAG, 0, AT(on_gateway), IMAGES,
          "IMAGE is a path there, in a firmware directory" },
        { "target", "TARGET", OPTION_TEXT, 0, AT(target), V(IMAGE), "does it fit this target?" },
        { "if-different", NULL, OPTION_FLAG, 0, AT(if_different), V(FLASH),
          "compare first; write nothing if the chip holds the image" },
        { "check", "fast|full", OPTION_SPECIAL, 0, 0, V(FLASH),
          "the same, comparing some places, or all (default)" },
        { "check", NULL, OPTION_SPECIAL, 0, 0, V(SYNC),
          "write nothing; exit code 10: a target would change" },
        { "compare", "record|fast|full", OPTION_CHOICE, 0, AT(compare), V(SYNC),
          "how to compare, instead of Check= in the configuration" },
        { "exit-code", NULL, OPTION_FLAG, 0, AT(exit_code), WRITES,
          "exit code 10: something was written" },
        { "erase", "touched|all|none", OPTION_CHOICE, 0, AT(erase), WRITES | V(IMAGE),
          "pages to erase; default: those that the image touches" },
        { "preserve", NULL, OPTION_FLAG, 0, AT(preserve), WRITES,
          "keep the rest of touched pages" },
        { "option-segments", NULL, OPTION_FLAG, 0, AT(option_segments), WRITES | IMAGES,
          "take the image's option-byte segments too" },
        { "option-bytes", "HEX|FILE", OPTION_TEXT, 0, AT(option_bytes), V(FLASH),
          "write these option bytes after the image" },
        { "protect-write", "SECTORS", OPTION_TEXT, 0, AT(protect_write), V(FLASH),
          "protect these sectors (0-3,5) after the image" },
        { "protect-readout", NULL, OPTION_FLAG, 0, AT(protect_readout), V(FLASH),
          "protect against readout as the last step" },
        { "fast-program", NULL, OPTION_FLAG, 0, AT(fast_program), WRITES | V(ERASE),
          "F2, F4, F7: only with VDD above 2.7 V" },
        { "enable-boot-pin", NULL, OPTION_FLAG, 0, AT(enable_boot_pin), WRITES | V(ERASE),
          "G0, C0 ...: make the chip obey BOOT0 first" },
        { "one-piece", NULL, OPTION_FLAG, 0, AT(one_piece), WRITES | V(ERASE),
          "go on without a working BOOT0, and never reset midway" },
        { "unbootable", NULL, OPTION_FLAG, 0, AT(unbootable), WRITES | V(IMAGE),
          "though it is no firmware that the chip can start" },
        { "permanent", NULL, OPTION_FLAG, 0, AT(permanent), WRITES | V(OPTION_BYTES),
          "allow what can never be undone" },
        { "mass", NULL, OPTION_FLAG, 0, AT(mass), V(ERASE),
          "by the ROM's own erase of everything" },
        { "bank", "1|2", OPTION_CHOICE, 0, AT(bank), V(ERASE), "one bank" },
        { "write", "HEX|FILE", OPTION_TEXT, 0, AT(write), V(OPTION_BYTES), "write these" },
        { "address", "ADDRESS", OPTION_ADDRESS, 0, AT(address), V(OPTION_BYTES),
          "of the area to write; default: the first" },
        { "output", "FILE", OPTION_TEXT, 'o', AT(output), V(READ) | V(OPTION_BYTES),
          "write the bytes there; '-' is standard output" },
        { "raw", NULL, OPTION_FLAG, 0, AT(raw), V(TRACE), "every byte as it was" },
        { "after", "run|stay|go[:ADDRESS]", OPTION_SPECIAL, 0, 0, LEAVES,
          "then run it (default), stay in the ROM, or jump to it" },
        { "no-run", NULL, OPTION_SPECIAL, 0, 0, LEAVES, "the same as --after=stay" },
        { "layout", "LAYOUT", OPTION_TEXT, 0, AT(layout), IMAGES | WRITES | V(ERASE),
          "pages of an unknown chip, as in 4x16K,1x64K" },
        { "baud", "RATE", OPTION_BAUD, 0, AT(baud), JOBS & ~V(RESET),
          "instead of Baud= in the configuration" },
        { "stop-unit", "UNIT", OPTION_TEXT, 0, AT(stop_unit), JOBS,
          "stop this systemd unit before, start it after" },
        { "no-wait", NULL, OPTION_FLAG, 0, AT(no_wait), STARTS | V(CANCEL),
          "print the job's object and return at once" },
        { "host", "[USER@]HOST", OPTION_TEXT, 'H', AT(host), ALL,
          "talk to the service there, by ssh" },
        { "machine", "CONTAINER", OPTION_TEXT, 'M', AT(machine), ALL,
          "talk to the service in that container" },
        { "json", "short|pretty|off", OPTION_OPTIONAL, 0, 0, ALL, "results as JSON" },
        { "quiet", NULL, OPTION_FLAG, 'q', AT(quiet), ALL, "no progress, no word of success" },
        { "yes", NULL, OPTION_FLAG, 'y', AT(yes), ALL, "do not ask before data is destroyed" },
        { "no-ask", NULL, OPTION_FLAG, 0, AT(yes), ALL, "the same" },
        { "help", NULL, OPTION_FLAG, 'h', AT(help), ALL, "show help, after a verb for that verb" },
        { "version", NULL, OPTION_FLAG, 0, AT(version), ALL, "show the version" },
};

/* An option of one name means the same to getopt for all verbs. */
static const struct option_row *row_by_name(const char *name, const struct verb *verb) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(rows[i].name, name) == 0 &&
                    (!verb || rows[i].verbs & 1U << (verb - verb_table)))
                        return &rows[i];
        return NULL;
}

static bool is_choice(const char *text, const char *choices) {
        size_t length = strlen(text);

        for (const char *p = choices; length > 0; p++) {
                size_t n = strcspn(p, "|");

                if (n == length && strncmp(p, text, n) == 0)
                        return true;
                p += n;
                if (!*p)
                        break;
        }
        return false;
}

/* Each returns 0, or -1 where the value is not of the form. */

static int parse_json(const char *value, struct options *options) {
        if (!value)
                options->json = isatty(STDOUT_FILENO) ? JSON_PRETTY : JSON_SHORT;
        else if (strcmp(value, "short") == 0)
                options->json = JSON_SHORT;
        else if (strcmp(value, "pretty") == 0)
                options->json = JSON_PRETTY;
        else if (strcmp(value, "off") == 0)
                options->json = JSON_OFF;
        else
                return -1;
        return 0;
}

static int parse_after(const char *value, struct options *options) {
        if (strncmp(value, "go:", 3) == 0) {
                if (parse_u64(value + 3, &options->go_address.value) < 0)
                        return -1;
                options->go_address.set = true;
                options->after = "go";
                return 0;
        }
        if (!is_choice(value, "run|stay|go"))
                return -1;
        options->go_address.set = false;
        options->after = value;
        return 0;
}

static int parse_check(const char *value, const struct verb *verb, struct options *options) {
        if (verb == &verb_table[VERB_SYNC]) {
                options->check_only = true;
                return value ? -1 : 0;
        }
        if (!value || !is_choice(value, "fast|full"))
                return -1;
        options->if_different = true;
        options->check = value;
        return 0;
}

static int parse_special(const struct option_row *row, const char *value, const struct verb *verb,
                         struct options *options) {
        if (strcmp(row->name, "json") == 0)
                return parse_json(value, options);
        if (strcmp(row->name, "check") == 0)
                return parse_check(value, verb, options);
        return parse_after(value ?: "stay", options); /* --after=, --no-run */
}

static int parse_value(const struct option_row *row, const char *value, const struct verb *verb,
                       struct options *options) {
        void *field = (char *)options + row->offset;
        struct option_number *number = field;
        uint32_t baud;

        switch (row->kind) {
        case OPTION_FLAG:
                *(bool *)field = true;
                return 0;
        case OPTION_CHOICE:
                if (!is_choice(value, row->arg))
                        return -1;
                *(const char **)field = value;
                return 0;
        case OPTION_TEXT:
                if (!*value)
                        return -1;
                *(const char **)field = value;
                return 0;
        case OPTION_ADDRESS:
                number->set = true;
                return parse_u64(value, &number->value) < 0 ? -1 : 0;
        case OPTION_BAUD:
                if (parse_u32(value, &baud) < 0 || baud == 0)
                        return -1;
                *number = (struct option_number){ true, baud };
                return 0;
        case OPTION_SPECIAL:
        case OPTION_OPTIONAL:
                return parse_special(row, value, verb, options);
        }
        return -1;
}

/* What stood on the command line, before it is known for which verb. */
struct seen {
        const char *name;
        const char *value;
};

/* Options of one name may take a value with one verb and none with another. */
static int has_arg(const struct option_row *row) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(rows[i].name, row->name) == 0 && !rows[i].arg != !row->arg)
                        return optional_argument;
        if (row->kind == OPTION_OPTIONAL)
                return optional_argument;
        return row->arg ? required_argument : no_argument;
}

static size_t getopt_table(struct option *ret_long, char *ret_short) {
        size_t n = 0;
        char *p = ret_short;

        *p++ = ':'; /* a missing argument is reported as ':' */
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                if (rows[i].letter) {
                        *p++ = rows[i].letter;
                        if (rows[i].arg)
                                *p++ = ':';
                }
                if (row_by_name(rows[i].name, NULL) != &rows[i])
                        continue; /* a second row of one name */
                ret_long[n++] = (struct option){
                        .name = rows[i].name,
                        .has_arg = has_arg(&rows[i]),
                        .val = 256 + (int)i,
                };
        }
        *p = '\0';
        ret_long[n] = (struct option){ 0 };
        return n;
}

static const struct option_row *row_by_code(int code) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (code == 256 + (int)i || (rows[i].letter && code == rows[i].letter))
                        return &rows[i];
        return NULL;
}

/* Whether several options begin like this; then it says which. */
static bool complain_ambiguous(const char *name, const struct option *table, size_t n) {
        char list[512] = "";
        size_t length = 0, n_found = 0;

        for (size_t i = 0; i < n; i++) {
                if (strncmp(table[i].name, name, strlen(name)) != 0)
                        continue;
                n_found++;
                if (length < sizeof list)
                        length += (size_t)snprintf(list + length, sizeof list - length, " --%s",
                                                   table[i].name);
        }
        if (n_found > 1)
                complain("Option --%s may be any of%s.", name, list);
        return n_found > 1;
}

static void complain_unknown(const char *word, const struct option *table, size_t n) {
        char name[64];
        const char *names[ARRAY_SIZE(rows)];

        if (optopt > 0 && optopt < 256) {
                complain("Unknown option -%c.", optopt);
                return;
        }
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
        if (!row_by_name(name, NULL) && complain_ambiguous(name, table, n))
                return;
        for (size_t i = 0; i < n; i++)
                names[i] = table[i].name;

        const char *nearest = verb_nearest(name, names, n);

        if (nearest && strcmp(nearest, name) != 0)
                complain("Unknown option --%s. Did you mean --%s?", name, nearest);
        else if (nearest)
                complain("Option --%s takes no value.", name);
        else
                complain("Unknown option --%s.", name);
}

/*
 * Fills `seen`, which has room for argc entries, and permutes argv. Returns how many; *ret_ok says
 * whether that was all, or something was wrong, of which only the first is told.
 */
static int scan(int argc, char **argv, struct seen *seen, bool *ret_ok) {
        struct option table[ARRAY_SIZE(rows) + 1];
        char letters[2 * ARRAY_SIZE(rows) + 2];
        size_t n = getopt_table(table, letters);
        int n_seen = 0;
        bool ok = true;

        opterr = 0;
        optind = 0; /* start afresh, GNU's way */
        for (int code; (code = getopt_long(argc, argv, letters, table, NULL)) != -1;) {
                const struct option_row *row = row_by_code(code == ':' ? optopt : code);

                if (code != '?' && code != ':') {
                        seen[n_seen++] = (struct seen){ row->name, optarg };
                        continue;
                }
                if (ok && code == '?')
                        complain_unknown(argv[optind - 1], table, n);
                else if (ok)
                        complain("Option --%s needs a value: %s.", row->name, row->arg);
                ok = false; /* --json may come behind it */
        }
        *ret_ok = ok;
        return n_seen;
}

static int check_arguments(const struct verb *verb, size_t n_args) {
        if (n_args >= verb->min_args && n_args <= verb->max_args)
                return STMBOOT_EXIT_DONE;
        complain("%s arguments; usage: stmbootctl %s%s%s",
                 n_args < verb->min_args ? "Missing" : "Too many", verb->name,
                 *verb->args ? " " : "", verb->args);
        return STMBOOT_EXIT_USAGE;
}

/* What a value must look like, besides what --help says. */
static const char *form_of(const struct option_row *row) {
        return row->kind == OPTION_ADDRESS ? ", as in 0x08000000" : "";
}

static int apply(const struct seen *seen, int n_seen, const struct verb *verb,
                 struct options *options) {
        for (int i = 0; i < n_seen; i++) {
                const struct option_row *row = row_by_name(seen[i].name, verb);

                if (!verb && row->verbs != ALL)
                        continue; /* it is the verb that is missing */
                if (!row) {
                        complain("Option --%s does not apply to '%s'; see 'stmbootctl %s --help'.",
                                 seen[i].name, verb->name, verb->name);
                        return STMBOOT_EXIT_USAGE;
                }
                if (parse_value(row, seen[i].value, verb, options) == 0)
                        continue;
                if (!row->arg)
                        complain("Option --%s takes no value with '%s'.", row->name, verb->name);
                else if (!seen[i].value)
                        complain("Option --%s needs a value: --%s=%s.", row->name, row->name,
                                 row->arg);
                else
                        complain("Option --%s takes %s%s, not '%s'.", row->name, row->arg,
                                 form_of(row), seen[i].value);
                return STMBOOT_EXIT_USAGE;
        }
        if (options->host && options->machine) {
                complain("Give either --host or --machine.");
                return STMBOOT_EXIT_USAGE;
        }
        if (options->no_wait && options->stop_unit) {
                complain(
                        "--stop-unit needs to wait for the job, so it does not go with --no-wait.");
                return STMBOOT_EXIT_USAGE;
        }
        return STMBOOT_EXIT_DONE;
}

/* `next`: the word behind it, or NULL. */
static void complain_unknown_verb(const char *word, const char *next) {
        const char *near = verb_suggest(word);

        if (next && verb_find(next))
                complain("Unknown verb '%s'. The verb comes first: stmbootctl %s %s", word, next,
                         word);
        else if (near)
                complain("Unknown verb '%s'. Did you mean '%s'?", word, near);
        else
                complain("Unknown verb '%s'; see 'stmbootctl --help'.", word);
}

int options_parse(int argc, char **argv, struct options *ret, const struct verb **ret_verb,
                  char ***ret_args, size_t *ret_n_args) {
        struct options options = { 0 };
        struct seen seen[256];
        const struct verb *verb = NULL;

        if (argc > (int)ARRAY_SIZE(seen)) {
                complain("Too many arguments.");
                return STMBOOT_EXIT_USAGE;
        }

        bool ok;
        int n_seen = scan(argc, argv, seen, &ok);
        for (int i = 0; i < n_seen; i++)
                if (strcmp(seen[i].name, "json") == 0)
                        (void)parse_json(seen[i].value, ret);
        if (!ok)
                return STMBOOT_EXIT_USAGE;
        if (optind < argc) {
                verb = verb_find(argv[optind]);
                if (!verb) {
                        complain_unknown_verb(argv[optind], argv[optind + 1]);
                        return STMBOOT_EXIT_USAGE;
                }
                optind++;
        }

        int r = apply(seen, n_seen, verb, &options);
        if (r != STMBOOT_EXIT_DONE)
                return r;

        size_t n_args = (size_t)(argc - optind);

        if (verb && !options.help && !options.version) {
                r = check_arguments(verb, n_args);
                if (r != STMBOOT_EXIT_DONE)
                        return r;
        }
        *ret = options;
        *ret_verb = verb;
        *ret_args = argv + optind;
        *ret_n_args = n_args;
        return STMBOOT_EXIT_DONE;
}

#define HELP_COLUMN 37

void options_print(FILE *file, const char *title, const struct verb *verb) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char left[48], letter[4] = "  ";
                bool optional = rows[i].kind == OPTION_OPTIONAL;

                if ((rows[i].verbs == ALL) != !verb)
                        continue;
                if (verb && !(rows[i].verbs & 1U << (verb - verb_table)))
                        continue;
                (void)fputs(title, file);
                title = "";
                if (rows[i].letter)
                        (void)snprintf(letter, sizeof letter, "-%c", rows[i].letter);
                (void)snprintf(left, sizeof left, "--%s%s%s%s", rows[i].name,
                               !rows[i].arg ? ""
                               : optional   ? "[="
                                            : "=",
                               rows[i].arg ?: "", optional ? "]" : "");
                (void)fprintf(file, "  %s %-*s ", letter, HELP_COLUMN - 6, left);
                text_wrap(file, HELP_COLUMN, rows[i].help);
        }
}
