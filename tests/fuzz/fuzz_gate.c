/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses. 'h': the rest is an Authorization value, a line end and a query; none may
 * ever be let in. Anything else: the rest is a payload, which is signed by the realm's own key; the
 * gate must say twice the same of it, once by its signature and once from the cache, and write a
 * refusal that no value can break.
 */
#include "base/span.h"
#include "codec/base64url.h"
#include "crypto/sign.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "token/snapshot.h"

#include <caregate/gate.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NOW_S INT64_C(1000100)
#define BUF_MAX_BYTES ((size_t)65536)

struct world {
    struct cg_signer *signer;
    struct cg_gate *gate;
    struct cg_gate_route *routes[2]; /* plain, FHIR */
    struct cg_exchange *exchange;
};

static void require(bool held)
{
    if (!held) {
        abort();
    }
}

static struct cg_span finished(const struct cg_buf *buf)
{
    struct cg_span text;
    require(cg_buf_finish(buf, &text) == CG_OK);
    return text;
}

static void write_jwks(const struct cg_key *key, struct cg_buf *buf)
{
    struct cg_json_writer writer;
    cg_json_begin(&writer, buf);
    cg_json_open_object(&writer);
    cg_json_put_name(&writer, "keys");
    cg_json_open_array(&writer);
    require(cg_jwk_write(key, CG_SPAN_OF("k"), &writer) == CG_OK);
    cg_json_close_array(&writer);
    cg_json_close_object(&writer);
}

static struct cg_snapshot *make_snapshot(const struct cg_key *key)
{
    struct cg_buf jwks;
    cg_buf_init(&jwks, BUF_MAX_BYTES);
    write_jwks(key, &jwks);
    static const struct cg_snapshot_api apis[] = {
        {CG_SPAN("documents"), CG_SPAN("https://api.example/documents"),
         CG_SPAN("documents.read documents.write")},
        {CG_SPAN("medicines"), CG_SPAN("https://api.example/medicines"), CG_SPAN("medicines.read")},
    };
    static const struct cg_snapshot_denial denials[] = {
        {CG_DENIAL_TOKEN, CG_SPAN("revoked"), 0, 2000000},
        {CG_DENIAL_AGREEMENT, CG_SPAN("withdrawn"), 0, 2000000},
        {CG_DENIAL_CLIENT, CG_SPAN("suspended"), 2, 2000000},
    };
    const struct cg_snapshot_realm_data realm = {
        .path = CG_SPAN("/vlive/hpca"),
        .issuer = CG_SPAN("https://care.example/vlive/hpca"),
        .typ = CG_SPAN("JWT"),
        .jwks = finished(&jwks),
        .apis = apis,
        .api_count = sizeof(apis) / sizeof(apis[0]),
        .denials = denials,
        .denial_count = sizeof(denials) / sizeof(denials[0]),
    };
    const struct cg_snapshot_data data = {1, 1, 1, NOW_S, &realm, 1};
    struct cg_snapshot *snapshot = NULL;
    require(cg_snapshot_new(&data, &snapshot) == CG_OK);
    cg_buf_release(&jwks);
    return snapshot;
}

static struct cg_gate_route *make_route(unsigned fhir)
{
    static const struct cg_span write[] = {CG_SPAN("documents.write")};
    static const struct cg_gate_rule rules[] = {{CG_METHOD_POST, write, 1}};
    const struct cg_gate_route_config config = {
        .api = CG_SPAN("documents"), .rules = rules, .rule_count = 1, .fhir = fhir};
    struct cg_gate_route *route = NULL;
    const char *message = NULL;
    require(cg_gate_route_new(&config, &route, &message) == CG_OK);
    return route;
}

/* Made once, since a key takes long to make, and reachable to the end, so that it is no leak. */
static struct world *the_world(void)
{
    static struct world world;
    if (world.gate != NULL) {
        return &world;
    }
    static _Alignas(max_align_t) uint8_t memory[CG_GATE_SHARED_BYTES_MIN];
    struct cg_gate_config config = {64, 60, NULL, NULL};
    require(cg_gate_shared_init(memory, sizeof(memory), &config.shared) == CG_OK);
    struct cg_key *key = NULL;
    require(cg_key_generate(CG_KEY_RSA_SHA256, CG_LIMIT_RSA_BITS_MIN, &key) == CG_OK);
    require(cg_signer_new(key, &world.signer) == CG_OK);
    require(cg_gate_new(&config, &world.gate) == CG_OK);
    require(cg_exchange_new(&world.exchange) == CG_OK);
    cg_gate_install(world.gate, make_snapshot(key), NOW_S);
    (void)cg_key_free(key);
    for (unsigned fhir = 0; fhir < 2; fhir++) {
        world.routes[fhir] = make_route(fhir);
    }
    return &world;
}

static void check_refusal(struct world *world, const struct cg_gate_verdict *verdict)
{
    for (unsigned fhir = 0; fhir < 2; fhir++) {
        cg_exchange_clear(world->exchange);
        world->exchange->request.request_id = verdict->token_id;
        require(cg_gate_refuse(world->routes[fhir], verdict, world->exchange) == CG_OK);
        const struct cg_response *response = &world->exchange->response;
        require(response->http_status >= 400 && response->http_status < 600);
        for (size_t i = 0; i < response->header_count; i++) {
            struct cg_span value = response->headers[i].value;
            require(cg_span_find(value, '\n', 0) == value.len);
            require(cg_span_find(value, '\r', 0) == value.len);
        }
        struct cg_json *json = NULL;
        require(cg_json_parse(response->body, BUF_MAX_BYTES, &json) == CG_OK);
        (void)cg_json_free(json);
    }
}

static enum cg_reason ask(struct world *world, struct cg_span authorization, struct cg_span query)
{
    const struct cg_gate_request request = {
        .authorization = authorization, .query = query, .method = CG_METHOD_POST, .now_s = NOW_S};
    struct cg_gate_verdict verdict;
    cg_gate_decide(world->gate, world->routes[0], &request, &verdict);
    if (verdict.reason != CG_REASON_NONE) {
        check_refusal(world, &verdict);
    }
    return verdict.reason;
}

static void ask_with_payload(struct world *world, struct cg_span payload)
{
    struct cg_buf header;
    struct cg_buf bearer;
    cg_buf_init(&header, BUF_MAX_BYTES);
    cg_buf_init(&bearer, BUF_MAX_BYTES);
    require(cg_jws_header(cg_alg_find(CG_SPAN_OF("RS256")), CG_SPAN_OF("JWT"), CG_SPAN_OF("k"),
                          &header) == CG_OK);
    cg_buf_put_string(&bearer, "Bearer ");
    require(cg_jws_make(finished(&header), payload, world->signer, &bearer) == CG_OK);
    enum cg_reason first = ask(world, finished(&bearer), (struct cg_span){NULL, 0});
    enum cg_reason second = ask(world, finished(&bearer), (struct cg_span){NULL, 0});
    require(first == second);
    cg_buf_release(&header);
    cg_buf_release(&bearer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world *world = the_world();
    if (len == 0 || len > BUF_MAX_BYTES / 4) {
        return 0;
    }
    struct cg_span rest = cg_span_of_bytes(data + 1, len - 1);
    if (data[0] != 'h') {
        ask_with_payload(world, rest);
        return 0;
    }
    size_t end = cg_span_find(rest, '\n', 0);
    struct cg_span query = cg_span_part(rest, end + 1, rest.len);
    require(ask(world, cg_span_part(rest, 0, end), query) != CG_REASON_NONE);
    return 0;
}
