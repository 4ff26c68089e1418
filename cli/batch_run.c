/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/batch_run.h"

#include "base/clock.h"
#include "base/span.h"
#include "cli/batch_answer.h"
#include "net/sender.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOCUMENT_BYTES_MAX (64L * 1024 * 1024)
#define SLOT_BYTES_MAX (DOCUMENT_BYTES_MAX + 1024L * 1024)
#define TIMEOUT_MS 120000L
#define TURN_MS 200 /* at most between two looks at what is due */
#define ID_BYTES 16
#define UNANSWERED_MAX 16 /* documents in a row that nobody answered, before the rest is left */

enum slot_state { FREE, DUE, ON_ITS_WAY };

/* One document, through all its tries: a server that wants to be left alone gets less at once. */
struct slot {
    enum slot_state state;
    struct cg_batch_document *document;
    struct cg_arena *arena; /* of body and target */
    struct cg_span body;
    struct cg_batch_target target;
    int tries;
    int64_t due_ms;
};

struct run {
    const struct cg_batch *batch;
    struct cg_batch_result *result;
    struct cg_sender *sender;
    struct slot slots[CG_SENDER_SLOTS_MAX];
    size_t busy;
    size_t next; /* of the list */
    int unanswered;
    bool shows;
    int64_t shown_ms;
};

static void run_release(struct run *run)
{
    run->sender = cg_sender_free(run->sender);
    for (size_t i = 0; i < run->batch->parallel; i++) {
        run->slots[i].arena = cg_arena_free(run->slots[i].arena);
    }
}

static void show(struct run *run, bool last)
{
    const struct cg_batch_result *result = run->result;
    int64_t taken = result->taken + result->taken_before;
    int64_t now_ms = cg_clock_monotonic_ms();
    if (!run->shows || (!last && now_ms - run->shown_ms < TURN_MS)) {
        return;
    }
    run->shown_ms = now_ms;
    (void)fprintf(run->batch->context->talk, "\r%lld of %zu taken, %lld failed%s", (long long)taken,
                  run->batch->list->count, (long long)result->failed, last ? "\n" : "");
    (void)fflush(run->batch->context->talk);
}

static enum cg_status add_failure(struct run *run, const struct cg_batch_document *document,
                                  struct cg_span reason, int64_t http_status)
{
    struct cg_batch_result *result = run->result;
    void *memory = NULL;
    CG_TRY(cg_arena_take(run->batch->arena, sizeof(struct cg_batch_failure), &memory));
    struct cg_batch_failure *failure = memory;
    *failure = (struct cg_batch_failure){.file = document->file,
                                         .request_id = document->request_id,
                                         .reason = reason,
                                         .http_status = http_status};
    *(result->last == NULL ? &result->first : &result->last->next) = failure;
    result->last = failure;
    result->failed++;
    return CG_OK;
}

static void close_at(const int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
    }
}

static enum cg_status read_document(const struct run *run, struct slot *slot)
{
    struct stat file;
    void *memory = NULL;
    size_t len = 0;
    CG_CLEANUP(close_at)
    int descriptor = openat(run->batch->folder, (const char *)slot->document->file.data,
                            O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0 || fstat(descriptor, &file) != 0 || !S_ISREG(file.st_mode) ||
        file.st_size > DOCUMENT_BYTES_MAX) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_arena_take(slot->arena, (size_t)file.st_size + 1, &memory));
    while (len < (size_t)file.st_size) {
        ssize_t got = read(descriptor, (uint8_t *)memory + len, (size_t)file.st_size - len);
        if (got <= 0) {
            return CG_ERR_INPUT;
        }
        len += (size_t)got;
    }
    slot->body = cg_span_of_bytes(memory, len);
    return CG_OK;
}

/* A new one, unless a run that ended too early gave it one. */
static enum cg_status give_id(struct run *run, struct cg_batch_document *document)
{
    struct cg_span id = {NULL, 0};
    struct cg_buf buf;
    if (document->request_id.data != NULL) {
        return CG_OK;
    }
    cg_buf_init_arena(&buf, run->batch->arena, CG_BATCH_ID_BYTES_MAX);
    CG_TRY(cg_random_text(&run->batch->context->random, ID_BYTES, &buf));
    CG_TRY(cg_buf_finish(&buf, &id));
    document->request_id = id;
    document->state = CG_BATCH_SENT;
    cg_batch_journal_add(run->batch->journal, CG_BATCH_SENT, id, document->file);
    return CG_OK;
}

static enum cg_status take_document(struct run *run, struct slot *slot,
                                    struct cg_batch_document *document)
{
    const char *reason = "it cannot be read, or is larger than 64 MiB";
    if (slot->arena == NULL) {
        CG_TRY(cg_arena_new(SLOT_BYTES_MAX, &slot->arena));
    }
    cg_arena_clear(slot->arena);
    slot->document = document;
    slot->tries = 0;
    enum cg_status status = read_document(run, slot);
    if (status == CG_OK) {
        status = cg_batch_place_target(run->batch->place, slot->body, slot->arena, &slot->target,
                                       &reason);
    }
    if (status == CG_ERR_INPUT) {
        return add_failure(run, document, cg_span_of_string(reason), 0);
    }
    CG_TRY(status);
    CG_TRY(give_id(run, document));
    slot->state = DUE;
    slot->due_ms = 0;
    run->busy++;
    return CG_OK;
}

static enum cg_status fill(struct run *run)
{
    const struct cg_batch_list *list = run->batch->list;
    for (size_t i = 0; i < run->batch->parallel; i++) {
        while (run->slots[i].state == FREE && run->next < list->count) {
            struct cg_batch_document *document = &list->documents[run->next];
            if (run->unanswered >= UNANSWERED_MAX) {
                run->result->left += document->state == CG_BATCH_TAKEN ? 0 : 1;
            } else if (document->state != CG_BATCH_TAKEN) {
                CG_TRY(take_document(run, &run->slots[i], document));
            }
            run->result->taken_before += document->state == CG_BATCH_TAKEN ? 1 : 0;
            run->next++;
        }
    }
    return CG_OK;
}

static enum cg_status start(struct run *run, size_t index)
{
    struct slot *slot = &run->slots[index];
    char id[CG_BATCH_ID_BYTES_MAX + 1];
    struct cg_span from = slot->document->request_id;
    (void)snprintf(id, sizeof(id), "%.*s", CG_SPAN_ARGS(from));
    const struct cg_send_request request = {.url = slot->target.url,
                                            .puts = slot->target.puts,
                                            .content_type = "application/fhir+json",
                                            .request_id = id,
                                            .body = slot->body};
    CG_TRY(cg_sender_start(run->sender, index, &request));
    slot->state = ON_ITS_WAY;
    slot->tries++;
    run->result->tries++;
    return CG_OK;
}

/* Returns how long nothing is due. */
static enum cg_status start_due(struct run *run, int64_t *ret_wait_ms)
{
    int64_t now_ms = cg_clock_monotonic_ms();
    *ret_wait_ms = TURN_MS;
    for (size_t i = 0; i < run->batch->parallel; i++) {
        struct slot *slot = &run->slots[i];
        if (slot->state != DUE) {
            continue;
        }
        if (slot->due_ms <= now_ms) {
            CG_TRY(start(run, i));
        } else if (slot->due_ms - now_ms < *ret_wait_ms) {
            *ret_wait_ms = slot->due_ms - now_ms;
        }
    }
    return CG_OK;
}

static enum cg_status wait_for_another_try(struct run *run, struct slot *slot,
                                           unsigned retry_after_s)
{
    uint32_t chance = 0;
    CG_TRY(cg_random_fill(&run->batch->context->random, (uint8_t *)&chance, sizeof(chance)));
    slot->state = DUE;
    slot->due_ms =
        cg_clock_monotonic_ms() + cg_batch_answer_delay_ms(slot->tries, retry_after_s, chance);
    return CG_OK;
}

static enum cg_status finish(struct run *run, struct slot *slot, enum cg_batch_state state,
                             const struct cg_send_answer *answer)
{
    struct cg_batch_document *document = slot->document;
    struct cg_span reason = {NULL, 0};
    document->state = state;
    slot->state = FREE;
    run->busy--;
    run->unanswered = answer->http_status == 0 ? run->unanswered + 1 : 0;
    if (state != CG_BATCH_SENT) {
        cg_batch_journal_add(run->batch->journal, state, document->request_id, document->file);
    }
    if (state == CG_BATCH_TAKEN) {
        run->result->taken++;
        return CG_OK;
    }
    CG_TRY(cg_batch_answer_reason(answer->body, run->batch->arena, &reason));
    if (answer->http_status == 0) {
        reason = CG_SPAN_OF("nobody answered");
    }
    return add_failure(run, document, reason, answer->http_status);
}

static enum cg_status take_answer(struct run *run, const struct cg_send_answer *answer)
{
    struct slot *slot = &run->slots[answer->slot];
    enum cg_batch_state state = cg_batch_answer_state(answer->http_status);
    bool again = slot->tries < CG_BATCH_TRIES_MAX && run->unanswered < UNANSWERED_MAX;
    if (state == CG_BATCH_SENT && again) {
        return wait_for_another_try(run, slot, answer->retry_after_s);
    }
    return finish(run, slot, state, answer);
}

static enum cg_status sync_journal(const struct run *run)
{
    enum cg_status status = cg_batch_journal_sync(run->batch->journal);
    return status == CG_OK ? CG_OK
                           : cg_complain(run->batch->context, status,
                                         "the folder's %s cannot be written: %s; nothing more "
                                         "was sent",
                                         CG_BATCH_JOURNAL, strerrordesc_np(errno));
}

static enum cg_status turn(struct run *run)
{
    struct cg_send_answer answer;
    int64_t wait_ms = 0;
    CG_TRY(sync_journal(run));
    CG_TRY(start_due(run, &wait_ms));
    while (cg_sender_wait(run->sender, wait_ms, &answer)) {
        CG_TRY(take_answer(run, &answer));
        wait_ms = 0;
    }
    show(run, false);
    return fill(run);
}

enum cg_status cg_batch_run(const struct cg_batch *batch, struct cg_batch_result *ret_result)
{
    CG_CLEANUP(run_release)
    struct run run = {.batch = batch, .result = ret_result};
    *ret_result = (struct cg_batch_result){.taken = 0};
    run.shows = isatty(fileno(batch->context->talk)) == 1;
    CG_TRY(cg_sender_new(batch->parallel, TIMEOUT_MS, &run.sender));
    CG_TRY(fill(&run));
    while (run.busy > 0) {
        CG_TRY(turn(&run));
    }
    show(&run, true);
    return sync_journal(&run);
}
