/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "ctl/verb.h"
#include "util/macro.h"

const struct verb verb_table[VERB_MAX_] = {
        [VERB_LIST] = { "list", "", 0, 0, "Show all targets",
                        "Shows every target with its state and the chip last seen there. No chip "
                        "is touched.\n",
                        cmd_list },
        [VERB_INFO] = { "info", "[TARGET]", 0, 1, "Show all that is known of a target",
                        "Shows what is known of a target from earlier jobs. The chip is not "
                        "touched; 'probe' asks it.\n",
                        cmd_info },
        [VERB_PROBE] = { "probe", "[TARGET]", 0, 1, "Ask the chip who it is",
                         "Resets the chip into its ROM bootloader, identifies it, and starts its "
                         "application again.\n",
                         cmd_probe },
        [VERB_FLASH] = { "flash", "[TARGET] IMAGE", 1, 2, "Program a firmware file and verify it",
                         "IMAGE is a raw binary, Intel HEX, S-record or ELF file; '-' is standard "
                         "input. It is checked before the chip is touched. Only the pages it "
                         "touches are erased, all of it is read back, and the chip is reset into "
                         "it. A single argument is the image, for the only target.\n"
                         "\nExamples:\n"
                         "  stmbootctl flash motor firmware.hex\n"
                         "  stmbootctl flash motor firmware.bin --address=0x08004000\n"
                         "  stmbootctl flash motor app.elf --if-different --stop-unit=app.service\n"
                         "  stmbootctl -H root@gateway flash motor - < firmware.hex\n",
                         cmd_flash },
        [VERB_VERIFY] = { "verify", "[TARGET] IMAGE", 1, 2, "Compare the chip with a firmware file",
                          "Reads back what the image covers and compares it. Exit code 10: it "
                          "differs. Nothing is written.\n",
                          cmd_verify },
        [VERB_READ] = { "read", "[TARGET] ADDRESS LENGTH", 2, 3, "Read memory into a file",
                        "Reads LENGTH bytes (suffixes K and M) into the file of --output, which is "
                        "replaced only when all of it is there, or to standard output.\n"
                        "\nExample:\n"
                        "  stmbootctl read motor 0x08000000 128K -o backup.bin\n",
                        cmd_read },
        [VERB_ERASE] = { "erase", "[TARGET] [ADDRESS LENGTH]", 0, 3, "Erase pages, or all of flash",
                         "Erases the pages that the range touches; without a range, all of them, "
                         "after asking.\n"
                         "\nExamples:\n"
                         "  stmbootctl erase motor 0x08010000 16K\n"
                         "  stmbootctl erase motor --mass --yes\n",
                         cmd_erase },
        [VERB_RUN] = { "run", "[TARGET] [ADDRESS]", 0, 2, "Start the application",
                       "Resets the chip with BOOT0 inactive. With an ADDRESS, the ROM is told to "
                       "start the vector table there.\n",
                       cmd_run },
        [VERB_RESET] = { "reset", "[TARGET]", 0, 1, "Pulse the reset line",
                         "Pulses NRST with BOOT0 inactive.\n", cmd_reset },
        [VERB_BOOT] = { "boot", "[TARGET]", 0, 1, "Enter the ROM bootloader and stay",
                        "Brings the chip into its ROM bootloader and leaves it there; 'run' starts "
                        "the application.\n",
                        cmd_boot },
        [VERB_PROTECT] = { "protect", "[TARGET] readout|write SECTORS", 1, 3, "Protect the flash",
                           "  readout   nobody can read the flash; to undo it is to erase it\n"
                           "  write     the sectors in SECTORS (as in 0-3,5) cannot be changed\n"
                           "\nExample:\n"
                           "  stmbootctl protect motor write 0-1\n",
                           cmd_protect },
        [VERB_UNPROTECT] = { "unprotect", "[TARGET] readout|write", 1, 2, "Lift a protection",
                             "  readout   erases all of the flash: that is how the chip does it\n"
                             "  write     all sectors can be written again\n",
                             cmd_unprotect },
        [VERB_OPTION_BYTES] = { "option-bytes", "[TARGET]", 0, 1, "Show or write the option bytes",
                                "Shows the option bytes, or writes those of --write, always a "
                                "whole area.\n"
                                "\nExample:\n"
                                "  stmbootctl option-bytes motor\n",
                                cmd_option_bytes },
        [VERB_IMAGE] = { "image", "FILE", 1, 1, "Show what is in a firmware file",
                         "Shows segments, checksums, entry point and build-id, and with --target "
                         "whether it fits there (exit code 6: no; 8: the chip is not known yet).\n"
                         "No chip is touched.\n",
                         cmd_image },
        [VERB_SYNC] = { "sync", "[TARGET...]", 0, SIZE_MAX, "Bring targets to configured images",
                        "Each target gets the image that File= in its [Image] section names, if it "
                        "does not hold it yet.\nWithout arguments: all targets that have one, at "
                        "the same time.\n"
                        "\nExamples:\n"
                        "  stmbootctl sync\n"
                        "  stmbootctl sync --check motor pump; [ $? = 10 ] && echo outdated\n",
                        cmd_sync },
        [VERB_TRACE] = { "trace", "[TARGET]", 0, 1, "Show the last talks with the chip",
                         "Shows bytes, line steps and delays with their times, decoded, or as they "
                         "were with --raw.\n",
                         cmd_trace },
        [VERB_JOBS] = { "jobs", "", 0, 0, "Show running and finished jobs",
                        "Shows the jobs that run, and the last ones that ended.\n", cmd_jobs },
        [VERB_CANCEL] = { "cancel", "[JOB|TARGET]", 0, 1, "Cancel a job and wait for its end",
                          "Cancels the job of that number, or the one that a target is working on. "
                          "A chip that is being flashed is left without a whole image until it is "
                          "flashed again.\n",
                          cmd_cancel },
        [VERB_MONITOR] = { "monitor", "[TARGET]", 0, 1, "Follow what happens",
                           "Prints jobs, phases and changes of state as they happen, until "
                           "interrupted.\n",
                           cmd_monitor },
};

const struct verb *verb_find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(verb_table); i++)
                if (strcmp(verb_table[i].name, name) == 0)
                        return &verb_table[i];
        return NULL;
}

#define WORD_MAX 32

/* Levenshtein distance; words beyond WORD_MAX are far from everything. */
static unsigned distance(const char *a, const char *b) {
        size_t n = strlen(b);
        unsigned row[WORD_MAX + 1];

        if (n > WORD_MAX || strlen(a) > WORD_MAX)
                return UINT_MAX;
        for (size_t j = 0; j <= n; j++)
                row[j] = (unsigned)j;
        for (size_t i = 0; a[i]; i++) {
                unsigned diagonal = row[0];

                row[0] = (unsigned)i + 1;
                for (size_t j = 0; j < n; j++) {
                        unsigned replaced = diagonal + (a[i] != b[j]);
                        unsigned inserted = MIN(row[j], row[j + 1]) + 1;

                        diagonal = row[j + 1];
                        row[j + 1] = MIN(replaced, inserted);
                }
        }
        return row[n];
}

const char *verb_nearest(const char *word, const char *const *names, size_t n_names) {
        size_t length = strlen(word);
        unsigned best = length < 3 ? 1 : length < 6 ? 2 : 3; /* the most that is still near */
        const char *nearest = NULL;

        for (size_t i = 0; i < n_names; i++) {
                bool abbreviated = length >= 2 && strncmp(names[i], word, length) == 0;
                unsigned d = abbreviated ? 0 : distance(word, names[i]);

                if (d < best || (d == best && !nearest)) {
                        best = d;
                        nearest = names[i];
                }
        }
        return nearest;
}

const char *verb_suggest(const char *word) {
        const char *names[VERB_MAX_];

        for (size_t i = 0; i < VERB_MAX_; i++)
                names[i] = verb_table[i].name;
        return verb_nearest(word, names, VERB_MAX_);
}
