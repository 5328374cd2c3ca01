/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon/job.h"
#include "daemon/job_record.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/state_file.h"

/* Phases whose commands change flash, or let the chip start something else. */
#define CHANGING_PHASES                                                                            \
        (1U << SESSION_PHASE_ERASE | 1U << SESSION_PHASE_WRITE | 1U << SESSION_PHASE_HEAD |        \
         1U << SESSION_PHASE_OPTIONS | 1U << SESSION_PHASE_PROTECT)

static const char *state_dir(const struct job *job) {
        return job->target->manager->paths.state_dir;
}

void job_record_init(struct job *job) {
        sync_record_load(state_dir(job), job->target->name, &job->record.before);
}

void job_record_done(struct job *job) {
        sd_event_source_disable_unref(job->record.child);
        job->record.child = NULL;
}

static void on_written(struct job *job, enum state_file_written written, int error) {
        struct job_record *record = &job->record;

        record->child = sd_event_source_disable_unref(record->child);
        if (written != STATE_FILE_WRITTEN)
                log_write(LOG_WARNING, job->target->name, job->id,
                          "the record could not be written: %s", strerror(error));
        if (record->at_end) {
                if (written != STATE_FILE_WRITTEN)
                        job_note(job,
                                 "the record could not be written (%s); the next sync compares in "
                                 "full",
                                 strerror(error));
                job_finish(job);
                return;
        }

        record->marked = true;
        if (record->ended) {
                job_record_finish(job, record->success);
                return;
        }
        /* A record that names an image is a lie from the next command on. */
        if (written == STATE_FILE_STUCK && record->before.status == SYNC_RECORD_DONE)
                job_give_up(job,
                            "the record of what the chip holds can be neither rewritten nor "
                            "removed (%s)",
                            strerror(error));
        else
                driver_run(job->driver);
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *userdata) {
        struct job *job = userdata;
        int error = EIO;

        (void)source;
        enum state_file_written written = info->si_code == CLD_EXITED
                                                  ? state_file_written(info->si_status, &error)
                                                  : STATE_FILE_STUCK;
        on_written(job, written, error);
        return 0;
}

static int on_no_child(sd_event_source *source, void *userdata) {
        struct job *job = userdata;

        (void)source;
        on_written(job, STATE_FILE_STUCK, job->record.start_error);
        return 0;
}

/* The answer always comes through the event loop, also where no child could be started. */
static void start_writing(struct job *job) {
        struct job_record *record = &job->record;
        sd_event *event = job->target->manager->event;

        pid_t pid = sync_record_write_start(state_dir(job), job->target->name, &record->wanted);
        int r = pid < 0 ? pid
                        : sd_event_add_child(event, &record->child, pid, WEXITED, on_child, job);
        if (r < 0) {
                record->start_error = -r;
                r = sd_event_add_defer(event, &record->child, on_no_child, job);
        }
        if (r < 0) /* no memory at all: go on as if it had been written */
                record->marked = true;
}

bool job_record_may_send(struct job *job) {
        struct job_record *record = &job->record;
        struct session_progress progress;

        if (!job_type_changes_flash(job->type) || record->marked)
                return true;
        session_progress(job->session, &progress);
        if (!(CHANGING_PHASES & 1U << progress.phase))
                return true;
        if (!record->child) {
                record->wanted = (struct sync_record){ .status = SYNC_RECORD_UNFINISHED };
                if (job->request->image)
                        sync_record_image_of(job->request->image, &record->wanted.image);
                job->target->interrupted = true;
                start_writing(job);
        }
        return record->marked;
}

/* A record that has been overwritten, as it can be put back. */
static struct sync_record previous(const struct job_record *record) {
        if (record->marked && record->before.status == SYNC_RECORD_BROKEN)
                return (struct sync_record){ .status = SYNC_RECORD_NONE };
        return record->before;
}

static bool verified_in_full(const struct job *job) {
        return !job->unchanged || job->request->session.check == SESSION_CHECK_FULL;
}

/* What is true now. */
static struct sync_record conclude(const struct job *job, bool success) {
        const struct session_info *info = session_info(job->session);
        const struct job_request *request = job->request;
        struct sync_record done = { .status = SYNC_RECORD_DONE,
                                    .has_unique_id = info->has_unique_id };

        if (!job->record.marked && !request->image)
                return job->record.before;
        if (!success && job->outcome == SESSION_NOT_BOOTABLE)
                return job->record.wanted;
        if (!request->image) /* what the record named need not be there any more */
                return (struct sync_record){ .status = SYNC_RECORD_NONE };
        if (!success && job->outcome == SESSION_UNTOUCHED)
                return previous(&job->record);
        if (!verified_in_full(job) || request->session.check_only)
                return previous(&job->record);

        memcpy(done.unique_id, info->unique_id, sizeof(done.unique_id));
        sync_record_image_of(request->image, &done.image);
        return done;
}

void job_record_finish(struct job *job, bool success) {
        struct job_record *record = &job->record;

        if (!job_type_changes_flash(job->type)) {
                job_finish(job);
                return;
        }
        record->ended = true;
        record->success = success;
        if (record->child) /* the first one first */
                return;

        struct sync_record now = conclude(job, success);
        job->target->interrupted = now.status == SYNC_RECORD_UNFINISHED;
        if (sync_record_equal(&now, record->marked ? &record->wanted : &record->before)) {
                job_finish(job);
                return;
        }
        record->wanted = now;
        record->at_end = true;
        start_writing(job);
        if (!record->child)
                job_finish(job);
}
