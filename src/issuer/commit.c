/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second half of a batch. First the few requests that change the registry, one by one. Then one
 * transaction on the audit: what the requests use up is spent, who comes too late is refused, and
 * what all of them have to tell is recorded. Only when that is on disk are the answers final.
 */
#include "audit/single_use.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "issuer/refuse.h"
#include "issuer/slot.h"

#include <caregate/issuer.h>

static bool has_work(const struct cg_oauth_context *context)
{
    return context != NULL && (context->has_event || context->spending_count > 0 ||
                               context->deed != NULL || context->told_count > 0);
}

static void lose(struct cg_issuer_slot *slot, struct cg_oauth_context *context,
                 enum cg_reason reason)
{
    context->fault = (struct cg_fault){.reason = reason};
    context->deed = NULL;
    cg_issuer_refuse(slot, context);
}

/* Inside a transaction on the audit. Who comes too late is refused, which is no failure. */
static enum cg_status spend(struct cg_issuer_slot *slot, struct cg_oauth_context *context)
{
    if (context->has_spent) {
        return CG_OK;
    }
    context->has_spent = true;
    for (size_t i = 0; i < context->spending_count; i++) {
        bool won = false;
        CG_TRY(
            cg_single_use_spend(cg_journal_store(slot->journal), &context->spendings[i].use, &won));
        if (!won) {
            context->event.detail =
                cg_span_of_string(cg_single_use_detail(context->spendings[i].use.kind));
            lose(slot, context, context->spendings[i].if_spent);
            return CG_OK;
        }
    }
    return CG_OK;
}

static enum cg_status spend_alone(struct cg_issuer_slot *slot, struct cg_oauth_context *context)
{
    if (context->spending_count == 0) {
        return CG_OK;
    }
    struct cg_store *audit = cg_journal_store(slot->journal);
    CG_TRY(cg_store_begin(audit));
    enum cg_status status = spend(slot, context);
    if (status != CG_OK) {
        cg_store_rollback(audit);
        return status;
    }
    return cg_store_commit(audit);
}

static enum cg_status spend_and_do(struct cg_issuer_slot *slot, struct cg_oauth_context *context)
{
    CG_TRY(spend_alone(slot, context));
    return context->deed != NULL ? context->deed(context) : CG_OK;
}

/* A change is on record before it is made, as everywhere: without its record it does not happen. */
static enum cg_status tell(struct cg_issuer_slot *slot, struct cg_oauth_context *context)
{
    const struct cg_audit_event *one[] = {&context->event};
    if (!context->has_event) {
        return CG_OK;
    }
    if (cg_journal_append(slot->journal, one, 1) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_STORE, CG_REASON_AUDIT_UNAVAILABLE, NULL, NULL);
    }
    context->has_event = false;
    return CG_OK;
}

static enum cg_status do_and_tell(struct cg_issuer_slot *slot, struct cg_oauth_context *context)
{
    CG_TRY(spend_and_do(slot, context));
    return tell(slot, context);
}

/* Tokens wait meanwhile: where somebody else kept the registry from one deed, the others of the
 * batch do not wait for it again. Who is sent away so has used nothing up, and may come again. */
static enum cg_status begin(struct cg_issuer_slot *slot, struct cg_oauth_context *context)
{
    enum cg_status status = cg_store_begin(slot->registry);
    if (status == CG_ERR_LIMIT) {
        cg_store_set_patience(slot->registry, 0);
    }
    if (status != CG_OK) {
        context->spending_count = 0;
    }
    return status;
}

/* The registry's lock is taken before the audit's, here as everywhere: two that each wait for the
 * other's would wait for ever. */
static enum cg_status do_deed(struct cg_issuer_slot *slot, struct cg_oauth_context *context,
                              bool *ret_told)
{
    bool tells = context->has_event;
    context->registry = slot->registry;
    enum cg_status status = begin(slot, context);
    if (status != CG_OK) {
        return status;
    }
    status = do_and_tell(slot, context);
    if (status != CG_OK) {
        cg_store_rollback(slot->registry);
        return status;
    }
    *ret_told = tells;
    return cg_store_commit(slot->registry);
}

/* The record is on disk and cannot be taken back: one more says that it is void. */
static void tell_failure(struct cg_oauth_context *context)
{
    context->event.kind = CG_AUDIT_CHANGE_FAILED;
    context->event.detail = CG_SPAN_OF("the change recorded before this was not committed");
    context->has_event = true;
}

/* What was done and told is final: what becomes of the rest of the batch changes nothing of it. */
static void run_deed(struct cg_issuer_slot *slot, struct cg_exchange *exchange)
{
    struct cg_oauth_context *context = exchange->pending;
    bool told = false;
    if (do_deed(slot, context, &told) == CG_OK) {
        exchange->pending = told ? NULL : context;
        return;
    }
    lose(slot, context,
         context->fault.reason != CG_REASON_NONE ? context->fault.reason
                                                 : CG_REASON_STORE_UNAVAILABLE);
    if (told) {
        tell_failure(context);
    }
}

static void run_deeds(struct cg_issuer_slot *slot, struct cg_exchange *const exchanges[],
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct cg_oauth_context *context = exchanges[i]->pending;
        if (context != NULL && context->deed != NULL) {
            run_deed(slot, exchanges[i]);
        }
    }
    cg_store_set_patience(slot->registry, CG_LIMIT_REGISTRY_WAIT_MS);
}

/* Who was refused after all tells nothing. */
static enum cg_status write_told(struct cg_issuer_slot *slot,
                                 const struct cg_oauth_context *context)
{
    bool tells = context->told_count > 0 && context->fault.reason == CG_REASON_NONE;
    return tells ? cg_journal_add(slot->journal, context->told, context->told_count) : CG_OK;
}

static enum cg_status write_batch(struct cg_issuer_slot *slot,
                                  struct cg_exchange *const exchanges[], size_t count)
{
    const struct cg_audit_event *events[CG_LIMIT_BATCH_EXCHANGES];
    size_t event_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct cg_oauth_context *context = exchanges[i]->pending;
        if (context == NULL) {
            continue;
        }
        CG_TRY(spend(slot, context));
        CG_TRY(write_told(slot, context));
        if (context->has_event) {
            events[event_count++] = &context->event;
        }
    }
    return event_count > 0 ? cg_journal_add(slot->journal, events, event_count) : CG_OK;
}

static enum cg_status write_audit(struct cg_issuer_slot *slot,
                                  struct cg_exchange *const exchanges[], size_t count)
{
    struct cg_store *audit = cg_journal_store(slot->journal);
    CG_TRY(cg_store_begin(audit));
    enum cg_status status = write_batch(slot, exchanges, count);
    if (status != CG_OK) {
        cg_store_rollback(audit);
        return status;
    }
    return cg_store_commit(audit);
}

/* Who comes too late is counted by the slot that commits, which may have no upkeep of its own. */
static void tell_what_was_counted(struct cg_issuer_slot *slot, int64_t now_s)
{
    if (now_s >= slot->summaries_due_s) {
        slot->summaries_due_s = now_s + 1;
        (void)!cg_issuer_write_summaries(slot, now_s);
    }
}

static enum cg_status make_durable(struct cg_issuer_slot *slot,
                                   struct cg_exchange *const exchanges[], size_t count)
{
    const struct cg_oauth_context *worker = NULL;
    const struct cg_oauth_context *doer = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct cg_oauth_context *context = exchanges[i]->pending;
        worker = has_work(context) ? context : worker;
        doer = context != NULL && context->deed != NULL ? context : doer;
    }
    if (worker == NULL) {
        return CG_OK;
    }
    if (doer != NULL) {
        CG_TRY(cg_slot_open(slot, doer->now_s));
    }
    CG_TRY(cg_slot_open_audit(slot));
    if (doer != NULL) {
        run_deeds(slot, exchanges, count);
    }
    CG_TRY(write_audit(slot, exchanges, count));
    tell_what_was_counted(slot, worker->now_s);
    return CG_OK;
}

/* No token leaves before its audit record is durable; nor does a refusal that was to be recorded,
 * nor an answer that used something up. */
static void withhold(struct cg_exchange *const exchanges[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has_work(exchanges[i]->pending)) {
            cg_issuer_answer_unavailable(exchanges[i], CG_REASON_AUDIT_UNAVAILABLE);
        }
    }
}

void cg_issuer_commit(struct cg_issuer_slot *slot, struct cg_exchange *const exchanges[],
                      size_t count)
{
    if (make_durable(slot, exchanges, count) != CG_OK) {
        withhold(exchanges, count);
        cg_slot_close(slot);
    }
    for (size_t i = 0; i < count; i++) {
        exchanges[i]->pending = NULL;
    }
}
