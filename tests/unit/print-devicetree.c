/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* print-devicetree ROOT: a line for each target that devicetree_read() finds there. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/devicetree.h"
#include "util/cleanup.h"

static void print_line(const char *name, const struct line_config *line) {
        if (line->wired)
                printf(" %s=%s%s@%s", name, line->inverted ? "!" : "", line->line, line->chip);
}

int main(int argc, char **argv) {
        _cleanup_free_ struct devicetree_target *targets = NULL;
        size_t n_targets;

        if (argc != 2)
                return 2;
        int r = devicetree_read(argv[1], &targets, &n_targets);
        if (r < 0) {
                fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
                return 1;
        }
        for (size_t i = 0; i < n_targets; i++) {
                const struct devicetree_target *target = &targets[i];

                printf("%s: %s", target->node, target->name);
                if (target->error != 0)
                        printf(" %s: %s", target->property, strerror(-target->error));
                printf(" port=%s chip=%s", target->port, target->chip);
                print_line("reset", &target->lines.line[LINE_RESET]);
                print_line("boot0", &target->lines.line[LINE_BOOT0]);
                print_line("boot1", &target->lines.line[LINE_BOOT1]);
                putchar('\n');
        }
        return 0;
}
