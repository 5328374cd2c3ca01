/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "daemon/job.h"
#include "daemon/job_sync.h"
#include "daemon/manager.h"
#include "daemon/volatile.h"

static bool recorded(const struct job *job) {
        const struct sync_record *before = &job->record.before;
        struct sync_record_image image;

        if (before->status != SYNC_RECORD_DONE)
                return false;
        sync_record_image_of(job->request->image, &image);
        return sync_record_image_equal(&before->image, &image);
}

static void note_why_in_full(struct job *job) {
        const char *state_dir = job->target->manager->paths.state_dir;

        switch (job->record.before.status) {
        case SYNC_RECORD_NONE:
                job_note(job, "compared in full: there is no record%s",
                         volatile_directory(state_dir)
                                 ? " (the state directory does not survive a reboot)"
                                 : "");
                break;
        case SYNC_RECORD_BROKEN:
                job_note(job, "compared in full: the record is damaged");
                break;
        case SYNC_RECORD_UNFINISHED:
                job_note(job, "compared in full: the last job did not come to its end");
                break;
        case SYNC_RECORD_DONE:
                job_note(job, "compared in full: the record names another image");
                break;
        }
}

/*
 * The record tells what the chip holds. The image is also to run: a chip that we keep in its ROM,
 * or that is to end elsewhere, is gone through.
 */
static bool record_is_enough(const struct job *job) {
        return job->request->sync_check == SYNC_CHECK_RECORD && !job->target->staying &&
               job->request->session.after == SESSION_AFTER_RUN;
}

bool job_sync_begin(struct job *job) {
        struct session_request *session = &job->request->session;
        bool same = recorded(job);

        session->check = SESSION_CHECK_FULL;
        if (job->request->sync_check == SYNC_CHECK_FULL)
                return false;
        if (!same) {
                note_why_in_full(job);
                return false;
        }
        if (record_is_enough(job)) {
                job_note(job, "current by the record; the chip was not asked");
                return true;
        }
        session->check = SESSION_CHECK_FAST;
        return false;
}

bool job_sync_repeat(struct job *job) {
        const struct session_info *info = session_info(job->session);
        const struct sync_record *before = &job->record.before;
        struct session_request *session = &job->request->session;

        if (job->type != JOB_SYNC || !info->unchanged || session->check != SESSION_CHECK_FAST)
                return false;
        if (info->has_unique_id == before->has_unique_id &&
            memcmp(info->unique_id, before->unique_id, sizeof(info->unique_id)) == 0)
                return false;
        job_note(job, "compared in full: the record is of another chip");
        session->check = SESSION_CHECK_FULL;
        return true;
}

bool job_sync_trusts_record(struct job *job) {
        if (job->type != JOB_SYNC || !job->target->config->trust_record_if_protected ||
            !recorded(job))
                return false;
        job_note(job, "readout protection is on: the record was believed");
        return true;
}
