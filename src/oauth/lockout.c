/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/lockout.h"

#include "base/limits.h"
#include "base/span.h"

#include <arpa/inet.h>
#include <string.h>

#define IPV6_BYTES 16
#define MS_PER_S 1000

static const struct cg_throttle_delay pair_delay = {CG_LIMIT_PAIR_FAILURES, CG_LIMIT_PAIR_DELAY_S,
                                                    CG_LIMIT_PAIR_FORGET_S};
static const struct cg_rate address_rate = {CG_LIMIT_ADDRESS_PER_MIN, 60,
                                            CG_LIMIT_ADDRESS_FAILURES};
static const struct cg_rate client_rate = {CG_LIMIT_CLIENT_PER_MIN, 60, CG_LIMIT_CLIENT_FAILURES};

/* What a text that is no IPv6 address stands for is itself: IPv4, or a socket of this machine. */
static struct cg_span block_of(struct cg_span address, struct cg_lockout *lockout)
{
    char text[INET6_ADDRSTRLEN] = "";
    uint8_t bytes[IPV6_BYTES];
    bool has_colon = cg_span_find(address, ':', 0) < address.len;
    if (!has_colon || address.len >= sizeof(text)) {
        return address;
    }
    memcpy(text, address.data, address.len);
    if (inet_pton(AF_INET6, text, bytes) != 1) {
        return address;
    }
    struct cg_span mapped = CG_SPAN_OF("::ffff:");
    if (cg_span_starts_with(address, mapped) && cg_span_find(address, '.', 0) < address.len) {
        return cg_span_part(address, mapped.len, address.len);
    }
    memcpy(lockout->block, bytes, sizeof(lockout->block));
    return cg_span_of_bytes(lockout->block, sizeof(lockout->block));
}

static uint64_t address_key(const struct cg_oauth_context *context)
{
    struct cg_throttle_parts parts = {.first = context->lockout.parts.third};
    return cg_throttle_key(context->throttle, CG_THROTTLE_ADDRESS, &parts);
}

static uint64_t client_key(const struct cg_oauth_context *context, enum cg_throttle_kind kind,
                           struct cg_span client)
{
    struct cg_throttle_parts parts = {.first = context->issuing->realm.path, .second = client};
    return cg_throttle_key(context->throttle, kind, &parts);
}

static enum cg_status throttle(struct cg_oauth_context *context, enum cg_reason reason,
                               int64_t wait_s)
{
    context->fault = (struct cg_fault){
        .reason = reason, .spec = "RFC 6585 §4", .retry_after_s = (unsigned)wait_s};
    return CG_ERR_LIMIT;
}

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t delay_left_s(const struct cg_oauth_context *context)
{
    return cg_throttle_delay_left(context->throttle, context->lockout.pair, &pair_delay,
                                  context->now_s);
}

enum cg_status cg_lockout_ask(struct cg_oauth_context *context, struct cg_span client)
{
    struct cg_lockout *lockout = &context->lockout;
    if (context->throttle == NULL) {
        return CG_OK;
    }
    lockout->parts = (struct cg_throttle_parts){
        .first = context->issuing->realm.path,
        /* Longer ones are no client's: they count as one. */
        .second = cg_span_part(client, 0, CG_LIMIT_CLIENT_ID_BYTES + 1),
        .third = block_of(context->exchange->request.address, lockout),
    };
    lockout->pair = cg_throttle_key(context->throttle, CG_THROTTLE_PAIR, &lockout->parts);
    lockout->is_known =
        cg_throttle_is_noted(context->throttle, cg_throttle_sibling(lockout->pair), context->now_s);
    if (lockout->is_known) {
        return CG_OK;
    }
    uint64_t of_client = client_key(context, CG_THROTTLE_CLIENT, lockout->parts.second);
    int64_t wait_ms = longer(
        cg_throttle_look(context->throttle, of_client, &client_rate, context->now_ms),
        cg_throttle_look(context->throttle, address_key(context), &address_rate, context->now_ms));
    int64_t wait_s = longer(delay_left_s(context), (wait_ms + MS_PER_S - 1) / MS_PER_S);
    return wait_s == 0 ? CG_OK : throttle(context, CG_REASON_TOO_MANY_FAILURES, wait_s);
}

enum cg_status cg_lockout_failed(struct cg_oauth_context *context)
{
    const struct cg_lockout *lockout = &context->lockout;
    if (context->throttle == NULL || lockout->parts.first.data == NULL) {
        return CG_OK;
    }
    int64_t wait_s = delay_left_s(context);
    if (wait_s > 0) {
        return throttle(context, CG_REASON_TOO_MANY_FAILURES, wait_s);
    }
    cg_throttle_fail(context->throttle, lockout->pair, &pair_delay, context->now_s);
    if (!lockout->is_known) {
        /* An empty bucket counts no further. */
        uint64_t of_client = client_key(context, CG_THROTTLE_CLIENT, lockout->parts.second);
        (void)cg_throttle_take(context->throttle, of_client, &client_rate, context->now_ms);
        (void)cg_throttle_take(context->throttle, address_key(context), &address_rate,
                               context->now_ms);
    }
    return CG_OK;
}

void cg_lockout_proven(struct cg_oauth_context *context)
{
    const struct cg_lockout *lockout = &context->lockout;
    if (context->throttle == NULL || lockout->parts.first.data == NULL) {
        return;
    }
    cg_throttle_clear(context->throttle, lockout->pair);
    cg_throttle_note(context->throttle, cg_throttle_sibling(lockout->pair),
                     CG_LIMIT_KNOWN_ADDRESS_S, context->now_s);
}

enum cg_status cg_lockout_take_token(struct cg_oauth_context *context, struct cg_span client)
{
    if (context->throttle == NULL || context->token_rate.count == 0 ||
        context->exchange->is_counted != 0) {
        return CG_OK;
    }
    context->exchange->is_counted = 1;
    uint64_t key = client_key(context, CG_THROTTLE_TOKENS, client);
    int64_t wait_ms =
        cg_throttle_take(context->throttle, key, &context->token_rate, context->now_ms);
    return wait_ms == 0
               ? CG_OK
               : throttle(context, CG_REASON_RATE_EXCEEDED, (wait_ms + MS_PER_S - 1) / MS_PER_S);
}
