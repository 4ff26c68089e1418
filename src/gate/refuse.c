/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"
#include "base/status.h"
#include "gate/challenge.h"
#include "gate/fhir.h"
#include "gate/route.h"

#include <caregate/gate.h>

#define BODY_MAX_BYTES ((size_t)4096)
#define NUMBER_MAX_BYTES ((size_t)24)
#define CHALLENGE_MAX_BYTES ((size_t)(CG_LIMIT_SCOPE_BYTES + 512))

static void add_header(struct cg_response *response, struct cg_span name, struct cg_span value)
{
    response->headers[response->header_count++] = (struct cg_header){name, value};
}

static enum cg_status write_body(const struct cg_gate_route *route, enum cg_reason reason,
                                 const struct cg_exchange *exchange, struct cg_response *response)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, exchange->arena, BODY_MAX_BYTES);
    if (route->fhir) {
        cg_fhir_outcome(reason, exchange->request.request_id, &buf);
    } else {
        cg_challenge_problem(reason, exchange->request.request_id, &buf);
    }
    add_header(response, CG_SPAN_OF("Content-Type"),
               route->fhir ? CG_SPAN_OF("application/fhir+json")
                           : CG_SPAN_OF("application/problem+json"));
    return cg_buf_finish(&buf, &response->body);
}

static enum cg_status write_challenge(const struct cg_gate_verdict *verdict,
                                      const struct cg_exchange *exchange,
                                      struct cg_response *response)
{
    struct cg_buf buf;
    struct cg_span challenge;
    cg_buf_init_arena(&buf, exchange->arena, CHALLENGE_MAX_BYTES);
    cg_challenge_write(verdict, &buf);
    CG_TRY(cg_buf_finish(&buf, &challenge));
    if (challenge.len > 0) {
        add_header(response, CG_SPAN_OF("WWW-Authenticate"), challenge);
    }
    return CG_OK;
}

/* RFC 6585 §4: a response 429 may say how long to wait. */
static enum cg_status write_retry_after(const struct cg_gate_verdict *verdict,
                                        const struct cg_exchange *exchange,
                                        struct cg_response *response)
{
    struct cg_buf buf;
    struct cg_span seconds;
    if (verdict->retry_after_s == 0) {
        return CG_OK;
    }
    cg_buf_init_arena(&buf, exchange->arena, NUMBER_MAX_BYTES);
    cg_buf_put_number(&buf, verdict->retry_after_s);
    CG_TRY(cg_buf_finish(&buf, &seconds));
    add_header(response, CG_SPAN_OF("Retry-After"), seconds);
    return CG_OK;
}

/* RFC 9449 §9: the nonce to use in the next proof. */
static enum cg_status write_nonce(const struct cg_gate_verdict *verdict,
                                  const struct cg_exchange *exchange, struct cg_response *response)
{
    struct cg_span nonce = {NULL, 0};
    if (verdict->nonce.data == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_arena_copy(exchange->arena, verdict->nonce, &nonce));
    add_header(response, CG_SPAN_OF("DPoP-Nonce"), nonce);
    return CG_OK;
}

enum cg_status cg_gate_refuse(const struct cg_gate_route *route,
                              const struct cg_gate_verdict *verdict, struct cg_exchange *exchange)
{
    struct cg_response response = {
        .http_status = cg_challenge_status(verdict->reason),
        .reason = verdict->reason,
    };
    CG_TRY(write_body(route, verdict->reason, exchange, &response));
    CG_TRY(write_challenge(verdict, exchange, &response));
    CG_TRY(write_retry_after(verdict, exchange, &response));
    CG_TRY(write_nonce(verdict, exchange, &response));
    add_header(&response, CG_SPAN_OF("Cache-Control"), CG_SPAN_OF("no-store"));
    if (verdict->client_id.data != NULL) {
        CG_TRY(cg_arena_copy(exchange->arena, verdict->client_id, &response.client_id));
    }
    exchange->response = response;
    return CG_OK;
}
