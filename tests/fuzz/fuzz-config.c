/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/config.h"
#include "daemon/config_target.h"
#include "daemon/sync_record.h"
#include "fuzz.h"
#include "util/utf8.h"

/* Every file that the daemon reads in this form: a target's, its own, a record. */

/* The bus cuts off whoever sends what is no UTF-8. */
static void check_reason(int r, char *reason) {
        PROMISED(r < 0 ? reason != NULL : reason == NULL);
        for (const char *p = reason; p && *p; p += utf8_next(p))
                PROMISED(utf8_next(p) > 0);
        free(reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = size > 0 ? (const char *)data : "";
        struct target_config *target = NULL;
        struct config *config = NULL;
        struct sync_record record;
        char *reason = NULL;

        int r = target_config_parse("f", text, size, &target, &reason);
        PROMISED((r == 0) == (target != NULL));
        if (target) {
                PROMISED(target->port && utf8_is_line(target->port));
                PROMISED(utf8_is_line(target->description));
                PROMISED(!target->is_virtual || target->board.chip);
                PROMISED(target->n_faults <= TARGET_FAULTS_MAX);
        }
        check_reason(r, reason);
        target_config_free(target);

        reason = NULL;
        r = config_parse("f", text, size, &config, &reason);
        PROMISED((r == 0) == (config != NULL));
        if (config)
                for (size_t i = 0; config->firmware_directories[i]; i++)
                        PROMISED(config->firmware_directories[i][0] == '/');
        check_reason(r, reason);
        config_free(config);

        if (sync_record_parse(text, size, &record))
                PROMISED(record.status == SYNC_RECORD_DONE ||
                         record.status == SYNC_RECORD_UNFINISHED);
        return 0;
}
