/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"

#include <caregate/kept_token.h>
#include <string.h>
#include <time.h>

#define MARGIN_MAX_S 5
#define MARGIN_PART 10
/* Of a life, in thousandths: late enough for few questions, early enough for a second try. */
#define RENEW_FROM 870
#define RENEW_SPAN 60
#define THOUSAND 1000
#define DOUBLINGS_MAX 6

/* A number of 0 .. count - 1 out of 32 random bits. */
static int64_t draw(uint32_t random, int64_t count)
{
    return (int64_t)(((uint64_t)random * (uint64_t)count) >> 32);
}

static int64_t margin_of(int64_t life_s)
{
    return life_s / MARGIN_PART < MARGIN_MAX_S ? life_s / MARGIN_PART : MARGIN_MAX_S;
}

/* What lies in between counts: a time before the beginning means that the clock was set back. */
static bool is_within(int64_t now_s, int64_t from_s, int64_t until_s)
{
    return now_s >= from_s && now_s < until_s;
}

static void drop_token(struct cg_kept_token *record)
{
    cg_wipe(record->token, sizeof(record->token));
    record->token_len = 0;
    record->got_s = record->renew_s = record->expires_s = 0;
}

/* Readers differ by a moment; a clock that is back by more was set. How much of a life is over
 * then, nobody knows. */
static void note_time(struct cg_kept_token *record, int64_t now_s)
{
    int64_t slack_s =
        record->token_len > 0 ? margin_of(record->expires_s - record->got_s) : MARGIN_MAX_S;
    if (now_s >= record->seen_s) {
        record->seen_s = now_s;
        return;
    }
    if (record->seen_s - now_s > slack_s) {
        drop_token(record);
        record->claim_until_s = record->retry_s = record->rejected_s = 0;
        record->has_rejected = false;
        record->seen_s = now_s;
    }
}

static bool is_usable(const struct cg_kept_token *record, int64_t now_s)
{
    int64_t margin_s = margin_of(record->expires_s - record->got_s);
    return record->token_len > 0 && now_s < record->expires_s - margin_s;
}

static bool may_ask(const struct cg_kept_token *record, int64_t now_s)
{
    return !is_within(now_s, record->claimed_s, record->claim_until_s) && now_s >= record->retry_s;
}

static void give_claim(struct cg_kept_token *record, int64_t now_s, int64_t claim_s)
{
    record->claim++;
    record->claimed_s = now_s;
    record->claim_until_s =
        now_s + (claim_s < CG_LIMIT_KEPT_CLAIM_S ? claim_s : CG_LIMIT_KEPT_CLAIM_S);
}

enum cg_kept_advice cg_kept_token_look(struct cg_kept_token *record, int64_t now_s, int64_t claim_s)
{
    note_time(record, now_s);
    bool usable = is_usable(record, now_s);
    if (!usable && record->token_len > 0) {
        drop_token(record);
    }
    if (usable && now_s < record->renew_s) {
        return CG_KEPT_USE;
    }
    if (may_ask(record, now_s)) {
        give_claim(record, now_s, claim_s);
        return usable ? CG_KEPT_USE_AND_ASK : CG_KEPT_ASK;
    }
    if (usable) {
        return CG_KEPT_USE;
    }
    return is_within(now_s, record->claimed_s, record->claim_until_s) ? CG_KEPT_WAIT
                                                                      : CG_KEPT_REFUSE;
}

void cg_kept_token_give_back(struct cg_kept_token *record, uint64_t claim)
{
    if (record->claim == claim) {
        record->claim_until_s = 0;
    }
}

static bool is_sound(const struct cg_kept_news *news)
{
    return news->token.len > 0 && news->token.len <= CG_CLIENT_TOKEN_MAX && news->life_s >= 1 &&
           news->life_s <= CG_LIMIT_CLIENT_EXPIRES_IN_S;
}

static void replace_token(struct cg_kept_token *record, const struct cg_kept_news *news)
{
    drop_token(record);
    memcpy(record->token, news->token.data, news->token.len);
    record->token_len = news->token.len;
    record->type = news->type;
    record->version++;
    record->got_s = news->asked_s;
    record->expires_s = news->asked_s + news->life_s;
}

/* Also of the old one, where what came lives no longer: some servers give the same again until it
 * is over, and need not be asked at each call. */
static void put_off_renewal(struct cg_kept_token *record, const struct cg_kept_news *news)
{
    int64_t part = RENEW_FROM + draw(news->random, RENEW_SPAN + 1);
    int64_t later_s = (record->expires_s - news->asked_s) * part / THOUSAND;
    int64_t renew_s = news->asked_s + (later_s > 1 ? later_s : 1);
    record->renew_s = renew_s > record->renew_s ? renew_s : record->renew_s;
}

enum cg_status cg_kept_token_take(struct cg_kept_token *record, uint64_t claim,
                                  const struct cg_kept_news *news)
{
    cg_kept_token_give_back(record, claim);
    if (!is_sound(news)) {
        return CG_ERR_INPUT;
    }
    record->failures = record->failure = 0;
    record->failed_s = record->retry_s = 0;
    if (record->token_len == 0 || news->asked_s + news->life_s > record->expires_s) {
        replace_token(record, news);
    }
    put_off_renewal(record, news);
    return CG_OK;
}

void cg_kept_token_fail(struct cg_kept_token *record, uint64_t claim,
                        const struct cg_kept_failure *failure)
{
    if (record->claim != claim) {
        return;
    }
    cg_kept_token_give_back(record, claim);
    unsigned doublings = record->failures < DOUBLINGS_MAX ? record->failures : DOUBLINGS_MAX;
    int64_t most_s = (int64_t)1 << doublings;
    most_s = most_s < CG_LIMIT_KEPT_DELAY_S ? most_s : CG_LIMIT_KEPT_DELAY_S;
    int64_t delay_s = 1 + draw(failure->random, most_s);
    int64_t told_s = failure->retry_after_s < CG_LIMIT_KEPT_RETRY_AFTER_S
                         ? failure->retry_after_s
                         : CG_LIMIT_KEPT_RETRY_AFTER_S;
    record->failures += record->failures < UINT32_MAX ? 1 : 0;
    record->failure = failure->outcome;
    record->failed_s = failure->now_s;
    record->retry_s = failure->now_s + (delay_s > told_s ? delay_s : told_s);
}

bool cg_kept_token_reject(struct cg_kept_token *record, struct cg_span token, int64_t now_s)
{
    note_time(record, now_s);
    struct cg_span kept = cg_span_of_bytes(record->token, record->token_len);
    if (kept.len == 0 || !cg_secret_equal(kept, token)) {
        return true;
    }
    if (record->has_rejected &&
        is_within(now_s, record->rejected_s, record->rejected_s + CG_LIMIT_KEPT_REJECT_S)) {
        return false;
    }
    record->has_rejected = true;
    record->rejected_s = now_s;
    drop_token(record);
    return true;
}

int64_t cg_kept_token_now_s(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}
