/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first half of a batch: every exchange is answered in turn, in one view of the registry. The
 * second, commit.c, makes the answers final.
 */
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "crypto/sealed.h"
#include "issuer/refuse.h"
#include "issuer/route.h"
#include "issuer/slot.h"
#include "oauth/response.h"
#include "oauth/wire_error.h"

#include <caregate/issuer.h>
#include <string.h>

#define MS_PER_S 1000

_Static_assert(CG_MASTER_KEY_BYTES == CG_SEALED_KEY_BYTES, "one size for the master key");
_Static_assert(CG_EXCHANGE_CLIENT_BYTES == CG_LIMIT_CLIENT_ID_BYTES, "one size for a client's id");
_Static_assert(CG_ISSUER_BATCH_MAX == CG_LIMIT_BATCH_EXCHANGES, "one size for a batch");
_Static_assert(CG_ISSUER_BODY_MAX_BYTES == CG_LIMIT_FORM_BYTES, "one size for a form");

static void answer_fault(struct cg_exchange *exchange, enum cg_reason reason)
{
    struct cg_fault fault = {.reason = reason};
    cg_wire_error_answer(exchange, &fault, CG_SPAN_OF("caregate"));
}

void cg_issuer_answer_unavailable(struct cg_exchange *exchange, enum cg_reason reason)
{
    static const struct cg_span body = CG_SPAN(
        "{\"error\":\"temporarily_unavailable\","
        "\"error_description\":\"the server is busy or cannot record what it does: try again\"}");
    exchange->parks_s = 0;
    cg_response_start(&exchange->response, 503, CG_SPAN_OF("application/json"), body);
    cg_response_forbid_caching(&exchange->response);
    cg_response_add(&exchange->response, CG_SPAN_OF("Retry-After"), CG_SPAN_OF("2"));
    exchange->response.reason = reason;
    exchange->response.client_id = (struct cg_span){NULL, 0};
    exchange->response.token_id = (struct cg_span){NULL, 0};
}

static bool method_is_allowed(const struct cg_route *route, struct cg_span method)
{
    struct cg_span rest = route->allow;
    struct cg_span piece;
    while (cg_span_split(&rest, ',', &piece)) {
        struct cg_span name = piece.data[0] == ' ' ? cg_span_part(piece, 1, piece.len) : piece;
        if (cg_span_equal(name, method)) {
            return true;
        }
    }
    return false;
}

/* Finds route and realm, then runs the endpoint. On failure context->fault says why. */
static enum cg_status dispatch(struct cg_issuer_slot *slot,
                               const struct cg_registry_version *version,
                               struct cg_oauth_context *context, const struct cg_route **ret_route)
{
    const struct cg_request *request = &context->exchange->request;
    struct cg_realm_query query = {
        .version = *version, .means = {slot->master_key, slot->pkcs11}, .now_s = context->now_s};
    const struct cg_route *route = cg_route_find(request->path, &query.path);
    if (route == NULL) {
        CG_FAIL(&context->fault, CG_ERR_NOT_FOUND, CG_REASON_ENDPOINT_UNKNOWN, NULL, NULL);
    }
    enum cg_status status =
        cg_realm_table_find(slot->realms, slot->registry, &query, &context->issuing);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(&context->fault, status, CG_REASON_ENDPOINT_UNKNOWN, NULL, NULL);
    }
    if (status != CG_OK) {
        CG_FAIL(&context->fault, status, CG_REASON_STORE_UNAVAILABLE, NULL, NULL);
    }
    context->event.realm = query.path;
    *ret_route = route;
    if (!method_is_allowed(route, request->method)) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_METHOD_NOT_ALLOWED, NULL,
                "RFC 9110 §15.5.6");
    }
    return route->endpoint(context);
}

static void refuse(struct cg_issuer_slot *slot, struct cg_oauth_context *context,
                   const struct cg_route *route)
{
    cg_issuer_refuse(slot, context);
    if (route != NULL && context->fault.reason == CG_REASON_METHOD_NOT_ALLOWED) {
        cg_response_add(&context->exchange->response, CG_SPAN_OF("Allow"), route->allow);
    }
}

static enum cg_status look_if_spent(void *slot, const struct cg_single_use *use, bool *ret_spent)
{
    return cg_slot_look_if_spent(slot, use, ret_spent);
}

/* Of what was put off stays what was asked, and what was found to be so. */
static void begin_again(struct cg_exchange *exchange)
{
    if (exchange->waits == 0 && exchange->parks_s == 0) {
        return;
    }
    struct cg_exchange before = *exchange;
    cg_exchange_clear(exchange);
    exchange->request = before.request;
    exchange->is_counted = before.is_counted;
    memcpy(exchange->parked, before.parked, sizeof(exchange->parked));
    exchange->parked_len = before.parked_len;
}

static void answer(struct cg_issuer_slot *slot, const struct cg_registry_version *version,
                   struct cg_exchange *exchange, int64_t now_s)
{
    void *memory = NULL;
    begin_again(exchange);
    exchange->pending = NULL;
    if (cg_arena_take(exchange->arena, sizeof(struct cg_oauth_context), &memory) != CG_OK) {
        cg_issuer_answer_unavailable(exchange, CG_REASON_INTERNAL);
        return;
    }
    struct cg_oauth_context *context = memory;
    context->exchange = exchange;
    context->arena = exchange->arena;
    context->registry = slot->registry;
    context->clients = slot->clients;
    context->client_keys = slot->client_keys;
    context->proof_keys = slot->proof_keys;
    context->registry_version = version->registry;
    context->random = &slot->random;
    context->now_s = now_s;
    context->now_ms =
        exchange->request.received_ms != 0 ? exchange->request.received_ms : now_s * MS_PER_S;
    context->look_if_spent = look_if_spent;
    context->slot = slot;
    context->throttle = slot->throttle;
    context->token_rate = slot->token_rate;
    context->event = (struct cg_audit_event){.kind = CG_AUDIT_KIND_COUNT,
                                             .time_s = now_s,
                                             .count = 1,
                                             .request_id = exchange->request.request_id,
                                             .address = exchange->request.address};
    exchange->pending = context;
    const struct cg_route *route = NULL;
    enum cg_status status = dispatch(slot, version, context, &route);
    if (exchange->waits != 0) {
        exchange->pending = NULL;
        return;
    }
    if (status != CG_OK) {
        /* Whoever signed in need not do so again since a scope was misspelt. */
        cg_context_spare(context, CG_SINGLE_USE_EXCHANGE);
        refuse(slot, context, route);
    }
    if (context->used_secret.data != NULL) {
        cg_use_notes_add(slot->uses, context->used_secret, now_s);
    }
}

/* One view of the registry for the whole batch; a store that fails is closed and opened once more.
 */
static enum cg_status begin_view(struct cg_issuer_slot *slot, int64_t now_s,
                                 struct cg_registry_version *ret_version)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        if (cg_slot_open(slot, now_s) == CG_OK && cg_store_begin_read(slot->registry) == CG_OK &&
            cg_registry_version_read(slot->registry, ret_version) == CG_OK) {
            return CG_OK;
        }
        cg_slot_close(slot);
    }
    return CG_ERR_STORE;
}

void cg_issuer_answer(struct cg_issuer_slot *slot, struct cg_exchange *const exchanges[],
                      size_t count, int64_t now_s)
{
    struct cg_registry_version version;
    if (count > CG_LIMIT_BATCH_EXCHANGES || begin_view(slot, now_s, &version) != CG_OK) {
        for (size_t i = 0; i < count; i++) {
            exchanges[i]->pending = NULL;
            exchanges[i]->waits = 0;
            exchanges[i]->parks_s = 0;
            answer_fault(exchanges[i], CG_REASON_STORE_UNAVAILABLE);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        answer(slot, &version, exchanges[i], now_s);
    }
    cg_store_rollback(slot->registry);
}
