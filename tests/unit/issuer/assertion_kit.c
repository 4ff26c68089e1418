/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion_kit.h"

#include "audit/report.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "crypto/sign.h"
#include "jose/jwk.h"
#include "oauth/context.h"
#include "registry/client_key.h"
#include "test.h"

#define ARENA_BYTES (1UL << 20)
#define RSA_BITS 2048
#define TEXT_BYTES 8192
#define RIGHT_HEADER "{\"alg\":\"ES256\",\"kid\":\"k1\"}"

struct kit_key {
    const char *kid;
    enum cg_key_algorithm algorithm;
    unsigned bits;
    struct cg_key *key;
};

/* The last one is the stranger's. */
struct kit {
    struct kit_key keys[5];
    char jwks[TEXT_BYTES];
    struct cg_arena *arena;
};

static struct kit *kit_standing(void)
{
    static struct kit kit = {.keys = {{"k1", CG_KEY_ECDSA_P256, 0, NULL},
                                      {"k2", CG_KEY_ECDSA_P384, 0, NULL},
                                      {"r1", CG_KEY_RSA_SHA256, RSA_BITS, NULL},
                                      {"o1", CG_KEY_ED25519, 0, NULL},
                                      {"", CG_KEY_ECDSA_P256, 0, NULL}}};
    return &kit;
}
#define OWN_KEYS 4

/* The RSA key names no algorithm: it is good for each of its type. */
static void drop_algorithm(char *jwks)
{
    static const char named[] = "\"alg\":\"RS256\",";
    char *at = strstr(jwks, named);
    assert_non_null(at);
    memmove(at, at + sizeof(named) - 1, strlen(at + sizeof(named) - 1) + 1);
}

int kit_prepare(void **state)
{
    (void)state;
    struct kit *kit = kit_standing();
    struct cg_buf buf;
    struct cg_json_writer writer;
    struct cg_span text;
    assert_ok(cg_arena_new(ARENA_BYTES, &kit->arena));
    cg_buf_init_arena(&buf, kit->arena, TEXT_BYTES);
    cg_json_begin(&writer, &buf);
    cg_json_open_object(&writer);
    cg_json_put_name(&writer, "keys");
    cg_json_open_array(&writer);
    for (size_t i = 0; i < TEST_COUNT(kit->keys); i++) {
        struct kit_key *key = &kit->keys[i];
        assert_ok(cg_key_generate(key->algorithm, key->bits, &key->key));
        if (i < OWN_KEYS) {
            assert_ok(cg_jwk_write(key->key, test_span(key->kid), &writer));
        }
    }
    cg_json_close_array(&writer);
    cg_json_close_object(&writer);
    assert_ok(cg_buf_finish(&buf, &text));
    (void)snprintf(kit->jwks, sizeof(kit->jwks), "%.*s", CG_SPAN_ARGS(text));
    drop_algorithm(kit->jwks);
    return 0;
}

int kit_put_away(void **state)
{
    (void)state;
    struct kit *kit = kit_standing();
    for (size_t i = 0; i < TEST_COUNT(kit->keys); i++) {
        kit->keys[i].key = cg_key_free(kit->keys[i].key);
    }
    kit->arena = cg_arena_free(kit->arena);
    return 0;
}

void kit_set_client(struct house *house, const char *profile, enum cg_client_auth auth)
{
    struct cg_client client;
    assert_ok(cg_client_find(house->registry, test_span(HOUSE_REALM), test_span(house->client),
                             house->arena, &client));
    client.profile = test_span(profile);
    client.auth = auth;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_set(house->registry, &client, house->arena, NULL));
    assert_ok(cg_store_commit(house->registry));
}

void kit_add_keys(struct house *house)
{
    struct cg_client_key key = {.realm = test_span(HOUSE_REALM),
                                .client = test_span(house->client),
                                .kind = CG_CLIENT_KEY_JWKS,
                                .value = test_span(kit_standing()->jwks),
                                .created_s = HOUSE_NOW_S};
    struct cg_span id;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_key_add(house->registry, &key, &house->random, house->arena, NULL, &id));
    assert_ok(cg_store_commit(house->registry));
}

const char *kit_jwks(void)
{
    return kit_standing()->jwks;
}

static enum cg_status revoke_one(void *context, const void *row)
{
    struct house *house = context;
    struct cg_client_key revoked;
    return cg_client_key_revoke(house->registry, row, HOUSE_NOW_S, house->arena, NULL, &revoked);
}

void kit_revoke_keys(struct house *house)
{
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_key_list(house->registry, test_span(HOUSE_REALM), test_span(house->client),
                                 house->arena, revoke_one, house));
    assert_ok(cg_store_commit(house->registry));
}

int kit_build(void **state)
{
    (void)house_build(state);
    kit_set_client(*state, "documented", CG_CLIENT_AUTH_PRIVATE_KEY_JWT);
    kit_add_keys(*state);
    return 0;
}

/* The claims of a right assertion, with one put in another's place. */
static void write_claims(const struct house *house, const struct kit_assertion *assertion,
                         char claims[static TEXT_BYTES])
{
    static unsigned serial;
    char client[CG_LIMIT_CLIENT_ID_BYTES + 3];
    char jti[64];
    (void)snprintf(client, sizeof(client), "\"%s\"", house->client);
    (void)snprintf(jti, sizeof(jti), "\"%s%u\"", assertion->jti != NULL ? assertion->jti : "jti-",
                   assertion->jti != NULL ? 0 : serial++);
    const char *const right[][2] = {
        {"iss", client},       {"sub", client}, {"aud", "\"" HOUSE_ISSUER "/oauth/token\""},
        {"exp", "1800000300"}, {"jti", jti},    {"iat", "1800000000"},
        {"nbf", NULL},
    };
    bool for_issuer = assertion->header == NULL || strstr(assertion->header, "ES256") != NULL;
    int len = snprintf(claims, TEXT_BYTES, "{\"x\":0");
    for (size_t i = 0; i < TEST_COUNT(right); i++) {
        const char *value = right[i][1];
        if (i == 2 && for_issuer) {
            value = "\"" HOUSE_ISSUER "\"";
        }
        if (assertion->name != NULL && strcmp(assertion->name, right[i][0]) == 0) {
            value = assertion->value;
        }
        if (value != NULL) {
            len +=
                snprintf(claims + len, TEXT_BYTES - (size_t)len, ",\"%s\":%s", right[i][0], value);
        }
    }
    (void)snprintf(claims + len, TEXT_BYTES - (size_t)len, "}");
}

/* The key that a header speaks of, bound to the algorithm that it names; k1 for what we have none
 * for. */
static struct cg_key *key_for(const char *header, bool is_forged)
{
    const struct kit *kit = kit_standing();
    const struct kit_key *chosen = &kit->keys[is_forged ? OWN_KEYS : 0];
    const struct cg_alg *wanted = NULL;
    const struct cg_alg *alg = NULL;
    char named[32];
    for (size_t i = 0; (alg = cg_alg_at(i)) != NULL; i++) {
        (void)snprintf(named, sizeof(named), "\"%.*s\"", CG_SPAN_ARGS(alg->name));
        wanted = strstr(header, named) != NULL ? alg : wanted;
    }
    for (size_t i = 0; wanted != NULL && !is_forged && i < OWN_KEYS; i++) {
        const struct cg_alg *own = cg_alg_of(kit->keys[i].algorithm);
        if (cg_span_equal(own->kty, wanted->kty) && cg_span_equal(own->crv, wanted->crv)) {
            chosen = &kit->keys[i];
        }
    }
    struct cg_span der;
    struct cg_key *key = NULL;
    assert_ok(cg_key_to_pkcs8(chosen->key, kit->arena, &der));
    bool fits = wanted != NULL && cg_key_from_pkcs8(wanted->key_algorithm, der, &key) == CG_OK;
    if (!fits) {
        assert_ok(cg_key_from_pkcs8(chosen->algorithm, der, &key));
    }
    return key;
}

static void sign(const char *header, const char *claims, bool is_forged,
                 char compact[static TEXT_BYTES])
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = key_for(header, is_forged);
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    struct cg_buf text;
    struct cg_span part;
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    size_t len = 0;
    assert_ok(cg_signer_new(key, &signer));
    cg_buf_init_arena(&text, kit_standing()->arena, TEXT_BYTES);
    cg_base64url_encode(test_span(header), &text);
    cg_buf_put_byte(&text, '.');
    cg_base64url_encode(test_span(claims), &text);
    assert_ok(cg_buf_finish(&text, &part));
    assert_ok(cg_sign(signer, part, signature, &len));
    cg_buf_put_byte(&text, '.');
    cg_base64url_encode(cg_span_of_bytes(signature, len), &text);
    assert_ok(cg_buf_finish(&text, &part));
    (void)snprintf(compact, TEXT_BYTES, "%.*s", CG_SPAN_ARGS(part));
}

const char *kit_form(struct house *house, const struct kit_assertion *assertion)
{
    static char form[2 * TEXT_BYTES];
    char claims[TEXT_BYTES];
    char compact[TEXT_BYTES];
    write_claims(house, assertion, claims);
    sign(assertion->header != NULL ? assertion->header : RIGHT_HEADER, claims, assertion->is_forged,
         compact);
    (void)snprintf(form, sizeof(form), "grant_type=client_credentials%s&client_assertion=%s%s",
                   assertion->type != NULL ? assertion->type : "&client_assertion_type=" KIT_TYPE,
                   compact, assertion->more != NULL ? assertion->more : "");
    cg_arena_clear(kit_standing()->arena);
    return form;
}

/* Each from an address of its own, since past a rate refusals are only counted. */
static struct cg_request request_of(struct house *house, const struct kit_assertion *assertion)
{
    static char address[32];
    static unsigned serial;
    (void)snprintf(address, sizeof(address), "192.0.2.%u", serial++);
    return (struct cg_request){.method = CG_SPAN("POST"),
                               .path = CG_SPAN(HOUSE_REALM "/oauth/token"),
                               .content_type = CG_SPAN("application/x-www-form-urlencoded"),
                               .body = test_span(kit_form(house, assertion)),
                               .request_id = CG_SPAN("req-1"),
                               .address = test_span(address)};
}

const struct cg_response *kit_ask(struct house *house, const struct kit_assertion *assertion)
{
    struct cg_request request = request_of(house, assertion);
    return house_ask_with(house, &request);
}

const struct cg_response *kit_ask_unfinished(struct house *house,
                                             const struct kit_assertion *assertion)
{
    cg_exchange_clear(house->exchange);
    house->exchange->request = request_of(house, assertion);
    struct cg_exchange *const exchanges[] = {house->exchange};
    cg_issuer_answer(house->slot, exchanges, 1, house->now_s);
    return &house->exchange->response;
}

size_t kit_verifications(struct house *house)
{
    const struct cg_oauth_context *context = house->exchange->pending;
    return context->verification_count;
}

static enum cg_status keep_detail(void *context, struct cg_span record, int64_t time_s)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    char *detail = context;
    struct cg_span text = {NULL, 0};
    (void)time_s;
    assert_ok(cg_json_parse(record, TEXT_BYTES, &json));
    (void)!cg_json_member_string(cg_json_root(json), "detail", &text);
    (void)snprintf(detail, CG_LIMIT_AUDIT_DETAIL_BYTES, "%.*s", CG_SPAN_ARGS(text));
    return CG_OK;
}

const char *kit_last_detail(struct house *house)
{
    static char detail[CG_LIMIT_AUDIT_DETAIL_BYTES];
    CG_CLEANUP(cg_store_free_at) struct cg_store *audit = NULL;
    struct cg_audit_filter filter = {.until_s = INT64_MAX, .newest = 1};
    detail[0] = '\0';
    assert_ok(cg_store_open(test_span(house->uri), CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
    assert_ok(cg_audit_list(audit, &filter, keep_detail, detail));
    return detail;
}
