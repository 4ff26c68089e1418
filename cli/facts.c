/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/facts.h"

#include "base/clock.h"
#include "base/span.h"

#include <stdio.h>

#define DAY_S INT64_C(86400)
#define DAY_CHARS 10 /* "2026-01-31" */

static const char *const key_names[CG_CLIENT_KEY_KIND_COUNT] = {
    [CG_CLIENT_KEY_JWKS] = "jwks",
    [CG_CLIENT_KEY_JWKS_URI] = "jwks-uri",
    [CG_CLIENT_KEY_CERTIFICATE] = "certificate",
    [CG_CLIENT_KEY_TLS_SUBJECT] = "tls-subject",
    [CG_CLIENT_KEY_TLS_SAN_DNS] = "tls-san-dns",
};

const char *cg_facts_key_name(enum cg_client_key_kind kind)
{
    return key_names[kind];
}

void cg_facts_init(struct cg_facts *facts, struct cg_arena *arena)
{
    *facts = (struct cg_facts){.arena = arena};
}

void cg_facts_add(struct cg_facts *facts, const char *key, enum cg_fact_shape shape,
                  struct cg_span value)
{
    if (facts->count == CG_FACTS_MAX) {
        facts->status = CG_ERR_INTERNAL;
        return;
    }
    facts->items[facts->count++] = (struct cg_fact){key, shape, value};
}

static void add_text(struct cg_facts *facts, const char *key, struct cg_span text)
{
    cg_facts_add(facts, key, CG_FACT_TEXT, text);
}

/* An empty list is left out. */
static void add_words(struct cg_facts *facts, const char *key, struct cg_span words)
{
    cg_facts_add(facts, key, CG_FACT_WORDS, words.len > 0 ? words : (struct cg_span){NULL, 0});
}

/* Of what is made here: a copy in the arena. */
static void add_made(struct cg_facts *facts, const char *key, enum cg_fact_shape shape,
                     const char *text)
{
    struct cg_span copy = {NULL, 0};
    enum cg_status status = cg_arena_copy(facts->arena, cg_span_of_string(text), &copy);
    facts->status = facts->status == CG_OK ? status : facts->status;
    cg_facts_add(facts, key, shape, copy);
}

/* 0 is left out. */
static void add_number(struct cg_facts *facts, const char *key, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)number);
    add_made(facts, key, CG_FACT_NUMBER, number != 0 ? text : NULL);
}

/* As people say it: whole days, else seconds. */
static void add_span_of_time(struct cg_facts *facts, const char *key, int64_t span_s)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lldd", (long long)(span_s / DAY_S));
    if (span_s % DAY_S != 0) {
        add_number(facts, key, span_s);
        return;
    }
    add_made(facts, key, CG_FACT_TEXT, span_s != 0 ? text : "off");
}

/* The day alone where the time is its beginning; 0 is left out. */
static void add_time(struct cg_facts *facts, const char *key, int64_t time_s)
{
    char text[CG_TIME_TEXT_BYTES];
    cg_time_format(time_s, text);
    text[time_s % DAY_S == 0 ? DAY_CHARS : CG_TIME_TEXT_BYTES - 1] = '\0';
    add_made(facts, key, CG_FACT_TEXT, time_s != 0 ? text : NULL);
}

void cg_facts_add_rate(struct cg_facts *facts, const char *key, const struct cg_rate *rate)
{
    char text[CG_RATE_TEXT_BYTES];
    cg_rate_format(rate, text);
    add_made(facts, key, CG_FACT_TEXT, rate->count != 0 ? text : NULL);
}

void cg_facts_of_realm(struct cg_facts *facts, const struct cg_realm *realm)
{
    add_text(facts, "path", realm->path);
    add_text(facts, "profile", realm->profile);
    add_text(facts, "alg", realm->alg);
    add_text(facts, "typ", realm->typ);
    add_number(facts, "token-life", realm->token_life_s);
    add_text(facts, "token-response", cg_token_response_name(realm->token_response));
    add_span_of_time(facts, "key-life", realm->key_life_s);
}

void cg_facts_of_organisation(struct cg_facts *facts, const struct cg_organisation *organisation)
{
    add_text(facts, "ods", organisation->ods);
    add_text(facts, "name", organisation->name);
}

void cg_facts_of_upstream(struct cg_facts *facts, const struct cg_upstream *upstream)
{
    add_text(facts, "name", upstream->name);
    add_text(facts, "kind", upstream->kind);
    add_text(facts, "issuer", upstream->issuer);
    add_text(facts, "alg", upstream->alg);
    add_words(facts, "levels", upstream->levels);
    add_text(facts, "jwks-uri", upstream->jwks_uri);
    add_text(facts, "jwks", upstream->jwks);
}

void cg_facts_of_api(struct cg_facts *facts, const struct cg_api *api)
{
    add_text(facts, "name", api->name);
    add_text(facts, "audience", api->audience);
    add_words(facts, "scopes", api->scope);
    add_number(facts, "approvals", api->approvals_wanted);
    add_number(facts, "token-life", api->token_life_s);
}

void cg_facts_of_client(struct cg_facts *facts, const struct cg_client *client)
{
    struct cg_span response = {NULL, 0};
    if (client->has_token_response) {
        response = cg_token_response_name(client->token_response);
    }
    add_text(facts, "id", client->id);
    add_text(facts, "organisation", client->organisation);
    add_text(facts, "name", client->name);
    add_words(facts, "grants", client->grants);
    add_text(facts, "profile", client->profile);
    add_text(facts, "auth", cg_client_auth_name(client->auth));
    add_text(facts, "bind", cg_client_bind_name(client->bind));
    add_number(facts, "token-life", client->token_life_s);
    add_text(facts, "token-response", response);
}

void cg_facts_of_key(struct cg_facts *facts, const struct cg_client_key *key)
{
    add_text(facts, cg_facts_key_name(key->kind), key->value);
}

void cg_facts_of_client_upstream(struct cg_facts *facts, const struct cg_client_upstream *row)
{
    add_text(facts, "upstream", row->upstream);
    add_text(facts, "audience", row->audience);
}

void cg_facts_of_agreement(struct cg_facts *facts, const struct cg_agreement *agreement)
{
    add_text(facts, "client", agreement->client);
    add_text(facts, "api", agreement->api);
    add_words(facts, "scopes", agreement->scope);
    add_words(facts, "types", agreement->document_types);
    add_words(facts, "organisations", agreement->organisations);
    add_text(facts, "purpose", agreement->purpose);
    add_text(facts, "purpose-text", agreement->purpose_text);
    cg_facts_add_rate(facts, "rate", &agreement->rate);
    add_time(facts, "from", agreement->from_s);
    add_time(facts, "until", agreement->until_s);
}

/* Whether each word of one list is in another. */
static bool has_words(struct cg_span list, struct cg_span words)
{
    struct cg_span word;
    while (cg_span_split(&words, ' ', &word)) {
        if (!cg_span_has_word(list, word)) {
            return false;
        }
    }
    return true;
}

bool cg_fact_is_same(enum cg_fact_shape shape, struct cg_span a, struct cg_span b)
{
    if (shape == CG_FACT_WORDS) {
        return has_words(a, b) && has_words(b, a);
    }
    return (a.data == NULL) == (b.data == NULL) && cg_span_equal(a, b);
}
