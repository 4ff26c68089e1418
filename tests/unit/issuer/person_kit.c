/* SPDX-License-Identifier: Apache-2.0 */
#include "person_kit.h"

#include "base/span.h"
#include "registry/api.h"
#include "registry/client_upstream.h"
#include "registry/grant.h"
#include "registry/upstream.h"

#define ARENA_BYTES ((size_t)4 << 20)
#define RECORDS_SCOPE                                                                              \
    "patient/*.rs user/*.rs system/*.rs urn:nhsd:apim:user-nhs-login:P9:records "                  \
    "urn:nhsd:apim:user-nhs-login:P5:records"

/* {"keys":[…]} of the provider, under its kid. */
static struct cg_span key_set(const struct person_kit *kit)
{
    struct cg_buf buf;
    struct cg_span text;
    struct cg_json_writer writer;
    cg_buf_init_arena(&buf, kit->sample.arena, CG_LIMIT_CLIENT_KEY_BYTES);
    cg_buf_put_string(&buf, "{\"keys\":[");
    cg_json_begin(&writer, &buf);
    assert_ok(cg_jwk_write(kit->provider.key, CG_SPAN_OF("login-1"), &writer));
    cg_buf_put_string(&buf, "]}");
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

static void add_provider(const struct person_kit *kit)
{
    struct house *house = kit->house;
    const struct cg_upstream upstream = {.realm = CG_SPAN(HOUSE_REALM),
                                         .name = CG_SPAN("login"),
                                         .kind = CG_SPAN("nhs-login"),
                                         .issuer = CG_SPAN(PERSON_ISSUER),
                                         .levels = CG_SPAN("P5 P9"),
                                         .jwks = key_set(kit),
                                         .created_s = HOUSE_NOW_S};
    const struct cg_client_upstream row = {.realm = CG_SPAN(HOUSE_REALM),
                                           .client = test_span(house->client),
                                           .upstream = CG_SPAN("login"),
                                           .audience = CG_SPAN(PERSON_AUDIENCE),
                                           .created_s = HOUSE_NOW_S};
    assert_ok(cg_upstream_add(house->registry, &upstream, &house->random, house->arena, NULL));
    assert_ok(cg_client_upstream_add(house->registry, &row, house->arena, NULL));
}

static void add_records(struct house *house)
{
    const struct cg_api api = {.realm = CG_SPAN(HOUSE_REALM),
                               .name = CG_SPAN("records"),
                               .audience = CG_SPAN("https://api.example/records"),
                               .scope = CG_SPAN(RECORDS_SCOPE),
                               .approvals_wanted = 1,
                               .created_s = HOUSE_NOW_S};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_api_add(house->registry, &api, NULL));
    assert_ok(cg_store_commit(house->registry));
    (void)house_agree(house, "records", RECORDS_SCOPE, HOUSE_NOW_S, 0);
}

static void let_exchange(struct house *house)
{
    struct cg_client client;
    assert_ok(cg_client_find(house->registry, CG_SPAN_OF(HOUSE_REALM), test_span(house->client),
                             house->arena, &client));
    client.grants = test_span("client_credentials urn:ietf:params:oauth:grant-type:token-exchange");
    assert_ok(cg_client_set(house->registry, &client, house->arena, NULL));
}

int person_kit_build(void **state)
{
    struct person_kit *kit = calloc(1, sizeof(*kit));
    void *house = NULL;
    assert_non_null(kit);
    (void)house_build(&house);
    kit->house = house;
    assert_ok(cg_arena_new(ARENA_BYTES, &kit->sample.arena));
    prover_init(&kit->provider, &kit->sample, "RS512");
    prover_init(&kit->elsewhere, &kit->sample, "RS512");
    add_records(kit->house);
    assert_ok(cg_store_begin(kit->house->registry));
    let_exchange(kit->house);
    add_provider(kit);
    assert_ok(cg_store_commit(kit->house->registry));
    *state = kit;
    return 0;
}

int person_kit_pull_down(void **state)
{
    struct person_kit *kit = *state;
    void *house = kit->house;
    prover_release(&kit->provider);
    prover_release(&kit->elsewhere);
    (void)cg_arena_free(kit->sample.arena);
    (void)house_pull_down(&house);
    free(kit);
    return 0;
}

struct cg_span person_header(const struct person_kit *kit)
{
    return sample_text(&kit->sample, "{\"alg\":\"RS512\",\"typ\":\"JWT\",\"kid\":\"login-1\"}");
}

struct cg_span person_claims(const struct person_kit *kit)
{
    struct cg_buf buf;
    struct cg_span id;
    cg_buf_init_arena(&buf, kit->sample.arena, CG_LIMIT_NAME_BYTES);
    assert_ok(cg_random_text(&kit->house->random, 12, &buf));
    assert_ok(cg_buf_finish(&buf, &id));
    return sample_text(&kit->sample,
                       "{\"iss\":\"" PERSON_ISSUER "\",\"sub\":\"%.*s\",\"aud\":\"" PERSON_AUDIENCE
                       "\",\"exp\":%lld,\"iat\":%lld,\"auth_time\":%lld,\"vot\":\"P9.Cp.Cd\","
                       "\"vtm\":\"" PERSON_ISSUER "/trustmark/auth.login.example\"}",
                       CG_SPAN_ARGS(id), (long long)kit->house->now_s + 3600,
                       (long long)kit->house->now_s, (long long)kit->house->now_s - 5);
}

struct cg_span person_sign(const struct person_kit *kit, struct cg_span header,
                           struct cg_span claims)
{
    return prover_sign(&kit->provider, &kit->sample, header, claims);
}

struct cg_span person_token(const struct person_kit *kit)
{
    return person_sign(kit, person_header(kit), person_claims(kit));
}

struct cg_span person_form(const struct person_kit *kit, struct cg_span id_token, const char *more)
{
    return sample_text(&kit->sample,
                       "grant_type=%.*s&client_id=%s&client_secret=%s"
                       "&subject_token_type=" PERSON_TOKEN_TYPE "&subject_token=%.*s%s",
                       CG_SPAN_ARGS(cg_grant_type(CG_GRANT_TOKEN_EXCHANGE)), kit->house->client,
                       kit->house->secret, CG_SPAN_ARGS(id_token), more);
}

const struct cg_response *person_exchange(const struct person_kit *kit, struct cg_span id_token,
                                          const char *more)
{
    struct cg_span form = person_form(kit, id_token, more);
    return house_ask(kit->house, "POST", HOUSE_REALM "/oauth/token", (const char *)form.data);
}
