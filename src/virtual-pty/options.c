/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "util/macro.h"
#include "util/parse.h"
#include "virtual-pty/control.h"
#include "virtual-pty/options.h"
#include "virtual/fault_name.h"

static void print_help(void) {
        printf("stmboot-virtual [OPTION...] CHIP\n"
               "\n"
               "Serves a virtual STM32 on a pseudo-terminal, to any program that flashes by\n"
               "UART. Prints the terminal's path, then what the chip does (standard error),\n"
               "until it is ended by a signal. CHIP is STM32F405, g071, 0x413 ...\n"
               "\n"
               "     --pty[=LINK]         a symbolic link to the terminal\n"
               "     --list               the chips that there are\n"
               "     --flash-size=SIZE    of this part: 128K; default: the family's largest\n"
               "     --image=FILE         raw contents of its flash; default: as delivered\n"
               "     --dump=FILE          where its flash goes in the end\n"
               "     --boot0=high|low     default: high, so that it sits in its ROM\n"
               "     --baud=N             of the wire, whatever the client sets\n"
               "     --no-wire-time       bytes take no time\n"
               "     --client-clock=FILE  where a client's shim tells when it wrote\n"
               "     --timing=typical|worst  of program, erase and start-up; default: typical\n"
               "     --parity=even|none   that the client is taken to send; default: what the\n"
               "                          chip wants (a pseudo-terminal drops parity)\n"
               "     --jitter             show the ROM's baud-rate error\n"
               "     --all-commands       Get lists 0x50, 0x51 and 0xA1 too\n"
               "     --fault=TYPE@N[:D]   once, at the N-th byte or command from 0 on; D: below\n"
               "     --control=PATH       make a FIFO that takes lines: reset=1, boot0=0,\n"
               "                          boot1=1, power=0, parity=none, fault=nack@3\n"
               "     --seed=N             of all that is random\n"
               "  -h --help\n"
               "     --version\n"
               "\n"
               "Signals: SIGUSR1 pulses NRST, SIGUSR2 toggles BOOT0; SIGTERM and SIGINT end it.\n"
               "\n"
               "Faults (D: bit, byte, microseconds, or answer of the command, counted from 0):\n");
        for (unsigned i = 1; virtual_fault_name(i); i++)
                printf("%s%s", i == 1 ? "  " : i % 5 == 1 ? ",\n  " : ", ", virtual_fault_name(i));
        printf("\n"
               "\n"
               "  stmboot-virtual --pty=f4.tty STM32F405 &\n"
               "  stm32flash -m 8n1 -b 115200 -w app.bin -v -g 0 f4.tty\n"
               "\n"
               "stmbootd takes no pseudo-terminal: its targets have Port=virtual:CHIP instead.\n");
}

static void print_list(void) {
        for (size_t i = 0; i < chip_table_size; i++)
                printf("0x%03X  %s%s%s\n", chip_table[i].id, chip_table[i].name,
                       chip_table[i].unusable ? ": not here: " : "",
                       chip_table[i].unusable ? chip_table[i].unusable : "");
}

enum {
        ARG_PTY = 0x100,
        ARG_LIST,
        ARG_FLASH_SIZE,
        ARG_IMAGE,
        ARG_DUMP,
        ARG_BOOT0,
        ARG_BAUD,
        ARG_NO_WIRE_TIME,
        ARG_CLIENT_CLOCK,
        ARG_TIMING,
        ARG_PARITY,
        ARG_JITTER,
        ARG_ALL_COMMANDS,
        ARG_FAULT,
        ARG_CONTROL,
        ARG_SEED,
        ARG_VERSION,
};

static int parse_choice(const char *text, const char *yes, const char *no, bool *ret) {
        if (strcmp(text, yes) != 0 && strcmp(text, no) != 0)
                return -EINVAL;
        *ret = strcmp(text, yes) == 0;
        return 0;
}

static int parse_fault(struct options *options, const char *text) {
        if (options->n_faults == FAULTS_MAX)
                return -EINVAL;
        return fault_parse(text, &options->faults[options->n_faults++]);
}

static int parse_flash_size(struct options *options, const char *text) {
        uint64_t size;
        int r = parse_size(text, &size);

        if (r < 0 || size > UINT32_MAX)
                return -EINVAL;
        options->config.flash_size = (uint32_t)size;
        return 0;
}

static int parse_timing(struct options *options, const char *text) {
        bool worst;
        int r = parse_choice(text, "worst", "typical", &worst);

        if (r == 0)
                options->config.timing = worst ? CHIP_WORST : CHIP_TYPICAL;
        return r;
}

/* 1: all is said. */
static int parse_option(struct options *options, int option, const char *value) {
        switch (option) {
        case ARG_PTY:
                options->link = value;
                return 0;
        case ARG_LIST:
                print_list();
                return 1;
        case ARG_FLASH_SIZE:
                return parse_flash_size(options, value);
        case ARG_IMAGE:
                options->image = value;
                return 0;
        case ARG_DUMP:
                options->dump = value;
                return 0;
        case ARG_BOOT0:
                return parse_choice(value, "high", "low", &options->boot0);
        case ARG_BAUD:
                return parse_u32(value, &options->baud);
        case ARG_NO_WIRE_TIME:
                options->config.no_wire_time = true;
                return 0;
        case ARG_CLIENT_CLOCK:
                options->client_clock = value;
                return 0;
        case ARG_TIMING:
                return parse_timing(options, value);
        case ARG_PARITY:
                options->parity_given = true;
                return parse_choice(value, "even", "none", &options->parity);
        case ARG_JITTER:
                options->config.autobaud_jitter = true;
                return 0;
        case ARG_ALL_COMMANDS:
                options->config.all_commands = true;
                return 0;
        case ARG_FAULT:
                return parse_fault(options, value);
        case ARG_CONTROL:
                options->control = value;
                return 0;
        case ARG_SEED:
                return parse_u64(value, &options->config.seed);
        case ARG_VERSION:
                printf("stmboot-virtual %s\n", STMBOOT_VERSION);
                return 1;
        case 'h':
                print_help();
                return 1;
        default:
                return -ENOENT; /* getopt has spoken */
        }
}

int options_parse(int argc, char **argv, struct options *ret) {
        static const struct option table[] = {
                { "pty", optional_argument, NULL, ARG_PTY },
                { "list", no_argument, NULL, ARG_LIST },
                { "flash-size", required_argument, NULL, ARG_FLASH_SIZE },
                { "image", required_argument, NULL, ARG_IMAGE },
                { "dump", required_argument, NULL, ARG_DUMP },
                { "boot0", required_argument, NULL, ARG_BOOT0 },
                { "baud", required_argument, NULL, ARG_BAUD },
                { "no-wire-time", no_argument, NULL, ARG_NO_WIRE_TIME },
                { "client-clock", required_argument, NULL, ARG_CLIENT_CLOCK },
                { "timing", required_argument, NULL, ARG_TIMING },
                { "parity", required_argument, NULL, ARG_PARITY },
                { "jitter", no_argument, NULL, ARG_JITTER },
                { "all-commands", no_argument, NULL, ARG_ALL_COMMANDS },
                { "fault", required_argument, NULL, ARG_FAULT },
                { "control", required_argument, NULL, ARG_CONTROL },
                { "seed", required_argument, NULL, ARG_SEED },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                {},
        };
        struct options options = { .boot0 = true };
        int option, index = 0, r;

        while ((option = getopt_long(argc, argv, "h", table, &index)) >= 0) {
                r = parse_option(&options, option, optarg);
                if (r < 0 && r != -ENOENT)
                        fprintf(stderr, "stmboot-virtual: --%s=%s: not understood\n",
                                table[index].name, optarg);
                if (r != 0)
                        return r < 0 ? -EINVAL : r;
        }
        if (optind != argc - 1) {
                fprintf(stderr, "stmboot-virtual: one CHIP is needed; see --help\n");
                return -EINVAL;
        }

        options.config.chip = chip_by_name(argv[optind]);
        if (!options.config.chip) {
                fprintf(stderr, "stmboot-virtual: %s: no such chip; see --list\n", argv[optind]);
                return -EINVAL;
        }
        if (!options.parity_given)
                options.parity = !(options.config.chip->quirks & CHIP_QUIRK_8N1);

        *ret = options;
        return 0;
}
