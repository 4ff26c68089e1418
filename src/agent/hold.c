/* SPDX-License-Identifier: Apache-2.0 */
/* A token for many threads: one asks, the others take the old one or wait. */
#include "agent/answer.h"
#include "agent/client_parts.h"
#include "base/clock.h"
#include "base/span.h"
#include "base/status.h"
#include "crypto/random.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Beside twice the timeout: for what is not the server's. */
#define CLAIM_SLACK_S 5
#define MS_PER_S 1000

/* A thread's errand. */
struct errand {
    struct cg_client *client;
    struct cg_client_answer *answer;
    bool has_asked;
};

static int64_t kept_now_s(const struct cg_client *client)
{
    return client->config.now_s != NULL ? client->config.now_s() : cg_kept_token_now_s();
}

static int64_t unix_now_s(const struct cg_client *client)
{
    return client->config.now_s != NULL ? client->config.now_s() : cg_clock_now_s();
}

static uint32_t draw_random(void)
{
    const struct cg_random random = cg_random_system();
    uint8_t bytes[4] = {0};
    /* It only keeps clients apart. */
    (void)!cg_random_fill(&random, bytes, sizeof(bytes));
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Locked. */
static enum cg_status hand_out(const struct errand *errand, int64_t now_s)
{
    const struct cg_kept_token *kept = &errand->client->kept;
    struct cg_client_answer *answer = errand->answer;
    *answer = (struct cg_client_answer){
        .outcome = CG_CLIENT_GOT,
        .type = (enum cg_client_token_type)kept->type,
        .life_s = kept->expires_s - now_s,
        .expires_s = unix_now_s(errand->client) + kept->expires_s - now_s,
        .token_len = kept->token_len,
    };
    memcpy(answer->token, kept->token, kept->token_len);
    return CG_OK;
}

/* Locked. The status is the one that went with the failure. */
static enum cg_status tell_failure(const struct errand *errand)
{
    *errand->answer = errand->client->failure;
    return cg_answer_status(errand->answer->outcome);
}

/* Locked. */
static void bring_back(struct errand *errand, uint64_t claim, int64_t asked_s)
{
    struct cg_client *client = errand->client;
    const struct cg_client_answer *answer = errand->answer;
    const struct cg_kept_news news = {
        .token = cg_span_of_bytes(answer->token, answer->token_len),
        .type = answer->type,
        .life_s = answer->life_s,
        .asked_s = asked_s,
        .random = draw_random(),
    };
    const struct cg_kept_failure failure = {
        .outcome = answer->outcome,
        .retry_after_s = answer->retry_after_s,
        .now_s = kept_now_s(client),
        .random = news.random,
    };
    if (answer->outcome == CG_CLIENT_GOT) {
        (void)!cg_kept_token_take(&client->kept, claim, &news);
    } else {
        cg_kept_token_fail(&client->kept, claim, &failure);
        client->failure = *answer;
    }
    (void)pthread_cond_broadcast(&client->turned);
}

/* Locked on call and return, open in between. */
static void ask(struct errand *errand)
{
    struct cg_client *client = errand->client;
    uint64_t claim = client->kept.claim;
    int64_t asked_s = kept_now_s(client);
    (void)pthread_mutex_unlock(&client->mutex);
    (void)!cg_client_ask(client, unix_now_s(client), errand->answer);
    (void)pthread_mutex_lock(&client->mutex);
    errand->has_asked = true;
    bring_back(errand, claim, asked_s);
}

/* A second at most, so that a claim that has lapsed is noticed. */
static void wait_for_turn(struct cg_client *client)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    (void)pthread_cond_timedwait(&client->turned, &client->mutex, &until);
}

static int64_t claim_s(const struct cg_client *client)
{
    return 2 * client->config.timeout_ms / MS_PER_S + CLAIM_SLACK_S;
}

/* Locked. A server may be so slow, or a life so short. */
static enum cg_status fall_short(const struct errand *errand)
{
    *errand->answer = (struct cg_client_answer){.outcome = CG_CLIENT_NOT_UNDERSTOOD};
    (void)snprintf(errand->answer->trouble, sizeof(errand->answer->trouble),
                   "it gave a token whose life was over before it came");
    return cg_answer_status(errand->answer->outcome);
}

/* Locked. Each thread asks once at most. */
static enum cg_status settle(struct errand *errand)
{
    struct cg_client *client = errand->client;
    for (;;) {
        int64_t now_s = kept_now_s(client);
        enum cg_kept_advice advice = cg_kept_token_look(&client->kept, now_s, claim_s(client));
        bool asks = advice == CG_KEPT_ASK || advice == CG_KEPT_USE_AND_ASK;
        if (asks && !errand->has_asked) {
            ask(errand);
            continue;
        }
        if (asks) {
            cg_kept_token_give_back(&client->kept, client->kept.claim);
        }
        if (advice == CG_KEPT_USE || advice == CG_KEPT_USE_AND_ASK) {
            return hand_out(errand, now_s);
        }
        if (advice != CG_KEPT_WAIT) {
            return asks ? fall_short(errand) : tell_failure(errand);
        }
        wait_for_turn(client);
    }
}

enum cg_status cg_client_token(struct cg_client *client, struct cg_client_answer *ret_answer)
{
    struct errand errand = {.client = client, .answer = ret_answer};
    (void)pthread_mutex_lock(&client->mutex);
    enum cg_status status = settle(&errand);
    (void)pthread_mutex_unlock(&client->mutex);
    return status;
}

bool cg_client_reject(struct cg_client *client, struct cg_span token)
{
    (void)pthread_mutex_lock(&client->mutex);
    bool is_worth = cg_kept_token_reject(&client->kept, token, kept_now_s(client));
    (void)pthread_mutex_unlock(&client->mutex);
    return is_worth;
}
