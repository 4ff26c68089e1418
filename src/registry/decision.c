/* SPDX-License-Identifier: Apache-2.0 */
/* Who says what of an agreement. */
#include "base/limits.h"
#include "base/span.h"
#include "registry/agreement.h"
#include "registry/agreement_row.h"
#include "registry/denial.h"
#include "registry/name.h"
#include "registry/realm.h"
#include "registry/rows.h"

#define FOUND_BYTES 65536 /* one agreement and its texts */

/* "Dr  A" is no second person beside "Dr A". */
static bool has_doubled_space(struct cg_span who)
{
    for (size_t i = 1; i < who.len; i++) {
        if (who.data[i] == ' ' && who.data[i - 1] == ' ') {
            return true;
        }
    }
    return false;
}

static enum cg_status check_decision(const struct cg_decision *decision, struct cg_fault *fault)
{
    if (!cg_name_is_text(decision->who, CG_LIMIT_NAME_BYTES) || has_doubled_space(decision->who)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "say who decides: a name of 1 to 64 bytes, without space at its ends or doubled",
                NULL);
    }
    if (decision->why.data != NULL && !cg_name_is_text(decision->why, CG_LIMIT_TEXT_BYTES)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the reason given is 1 to 1024 bytes of text without control characters or space "
                "at its ends",
                NULL);
    }
    if (!cg_name_is_time(decision->at_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "the time of the decision is missing", NULL);
    }
    return CG_OK;
}

/* An agreement in the state that the decision starts from. */
static enum cg_status find_in_state(struct cg_store *store, const struct cg_agreement *named,
                                    enum cg_agreement_state state, struct cg_arena *arena,
                                    struct cg_fault *fault, struct cg_agreement *ret_agreement)
{
    enum cg_status status = cg_agreement_find(store, named->realm, named->id, arena, ret_agreement);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no agreement of this id in the realm",
                NULL);
    }
    CG_TRY(status);
    if (ret_agreement->state == state) {
        return CG_OK;
    }
    const char *text = state == CG_AGREEMENT_APPROVED
                           ? "only an approved agreement can be withdrawn or limited; refuse a "
                             "requested one"
                           : "only a requested agreement can be approved or refused; withdraw an "
                             "approved one";
    CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, text, NULL);
}

static enum cg_status has_spoken(struct cg_store *store, const struct cg_agreement *agreement,
                                 struct cg_span who, int64_t *ret_count)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_AGREEMENT_HAS_SPOKEN, &statement));
    cg_bind_text(statement, "id", agreement->id);
    cg_bind_text(statement, "decision", CG_SPAN_OF("approve"));
    cg_bind_text(statement, "who", who);
    return cg_rows_number(statement, ret_count);
}

static enum cg_status write_decision(struct cg_store *store, const struct cg_agreement *agreement,
                                     const char *word, const struct cg_decision *decision)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_AGREEMENT_DECIDE, &statement));
    cg_bind_text(statement, "id", agreement->id);
    cg_bind_text(statement, "who", decision->who);
    cg_bind_text(statement, "decision", cg_span_of_string(word));
    cg_bind_text(statement, "why", decision->why);
    cg_bind_number(statement, "at", decision->at_s);
    return cg_store_run(statement, NULL);
}

static enum cg_status set_state(struct cg_store *store, const struct cg_agreement *agreement,
                                enum cg_agreement_state state, int64_t at_s)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_AGREEMENT_STATE_SET, &statement));
    cg_bind_text(statement, "state", cg_agreement_state_word(state));
    cg_bind_number(statement, "at", at_s);
    cg_bind_text(statement, "id", agreement->id);
    return cg_store_run(statement, NULL);
}

static enum cg_status check_approval(struct cg_store *store, const struct cg_agreement *agreement,
                                     const struct cg_decision *decision, struct cg_fault *fault)
{
    if (agreement->until_s != 0 && decision->at_s >= agreement->until_s) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "the time agreed on is over: request a new agreement", NULL);
    }
    int64_t spoken = 0;
    CG_TRY(has_spoken(store, agreement, decision->who, &spoken));
    if (spoken != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "this person has approved already: another person must", NULL);
    }
    return CG_OK;
}

enum cg_status cg_agreement_approve(struct cg_store *store, struct cg_span realm, struct cg_span id,
                                    const struct cg_decision *decision, struct cg_fault *fault,
                                    enum cg_agreement_state *ret_state)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(FOUND_BYTES, &arena));
    CG_TRY(check_decision(decision, fault));
    struct cg_agreement named = {.realm = realm, .id = id};
    struct cg_agreement agreement;
    CG_TRY(find_in_state(store, &named, CG_AGREEMENT_REQUESTED, arena, fault, &agreement));
    CG_TRY(check_approval(store, &agreement, decision, fault));
    CG_TRY(write_decision(store, &agreement, "approve", decision));
    bool enough = agreement.approvals + 1 >= agreement.approvals_wanted;
    if (enough) {
        CG_TRY(set_state(store, &agreement, CG_AGREEMENT_APPROVED, decision->at_s));
    }
    CG_TRY(cg_registry_touch(store, CG_TOUCH_REGISTRY));
    *ret_state = enough ? CG_AGREEMENT_APPROVED : CG_AGREEMENT_REQUESTED;
    return CG_OK;
}

enum cg_status cg_agreement_refuse(struct cg_store *store, struct cg_span realm, struct cg_span id,
                                   const struct cg_decision *decision, struct cg_fault *fault)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(FOUND_BYTES, &arena));
    CG_TRY(check_decision(decision, fault));
    struct cg_agreement named = {.realm = realm, .id = id};
    struct cg_agreement agreement;
    CG_TRY(find_in_state(store, &named, CG_AGREEMENT_REQUESTED, arena, fault, &agreement));
    CG_TRY(write_decision(store, &agreement, "refuse", decision));
    CG_TRY(set_state(store, &agreement, CG_AGREEMENT_REFUSED, decision->at_s));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

static enum cg_status deny(struct cg_store *store, const struct cg_agreement *agreement,
                           int64_t now_s)
{
    int64_t life_s = 0;
    CG_TRY(cg_realm_longest_life_s(store, agreement->realm, &life_s));
    struct cg_snapshot_denial denial = {
        .kind = CG_DENIAL_AGREEMENT,
        .subject = agreement->id,
        .expires_s = now_s + life_s + CG_DENIAL_MARGIN_S,
    };
    return cg_denial_add(store, agreement->realm, &denial, now_s);
}

enum cg_status cg_agreement_withdraw(struct cg_store *store, struct cg_span realm,
                                     struct cg_span id, const struct cg_decision *decision,
                                     struct cg_fault *fault)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(FOUND_BYTES, &arena));
    CG_TRY(check_decision(decision, fault));
    struct cg_agreement named = {.realm = realm, .id = id};
    struct cg_agreement agreement;
    CG_TRY(find_in_state(store, &named, CG_AGREEMENT_APPROVED, arena, fault, &agreement));
    CG_TRY(write_decision(store, &agreement, "withdraw", decision));
    CG_TRY(set_state(store, &agreement, CG_AGREEMENT_WITHDRAWN, decision->at_s));
    return deny(store, &agreement, decision->at_s);
}

/* Who approved a rate approved each that lets through less. */
static enum cg_status check_limit(const struct cg_agreement *agreement, const struct cg_rate *limit,
                                  int64_t now_s, struct cg_fault *fault)
{
    if (agreement->until_s != 0 && now_s >= agreement->until_s) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, "the time agreed on is over", NULL);
    }
    if (limit->count != 0 && agreement->rate.count != 0 &&
        !cg_rate_is_within(limit, &agreement->rate)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "that is more than was agreed, at once or over time: request an agreement of that "
                "rate, have it approved, then withdraw this one",
                NULL);
    }
    return CG_OK;
}

enum cg_status cg_agreement_limit(struct cg_store *store, const struct cg_agreement *named,
                                  const struct cg_rate *limit, int64_t now_s,
                                  struct cg_fault *fault)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_agreement agreement;
    struct cg_statement *statement = NULL;
    CG_TRY(cg_arena_new(FOUND_BYTES, &arena));
    CG_TRY(find_in_state(store, named, CG_AGREEMENT_APPROVED, arena, fault, &agreement));
    CG_TRY(check_limit(&agreement, limit, now_s, fault));
    CG_TRY(cg_store_start(store, CG_SQL_AGREEMENT_LIMIT_SET, &statement));
    cg_bind_text(statement, "id", agreement.id);
    cg_rows_bind_optional(statement, "count", limit->count);
    cg_rows_bind_optional(statement, "window", limit->count != 0 ? limit->window_s : 0);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}
