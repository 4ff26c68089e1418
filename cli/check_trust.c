/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/span.h"
#include "cli/check.h"
#include "net/host_list.h"
#include "registry/client.h"
#include "registry/client_key.h"
#include "registry/client_upstream.h"
#include "registry/grant.h"
#include "registry/realm.h"
#include "registry/upstream.h"

#define ROW_BYTES_MAX CG_LIMIT_REGISTRY_LOAD_BYTES

static const char unlisted_mend[] =
    "add it to caregate_fetch_hosts in nginx.conf and `caregate reload`; or register the keys "
    "themselves, by --jwks FILE";

struct trust_check {
    struct cg_check *check;
    struct cg_arena *arena; /* of one row, since there may be a million clients */
    struct cg_span realm;
    struct cg_span client; /* whose keys are looked at */
};

/* Where nginx.conf is not understood, that was said, and nothing is known of what it lists. */
static bool can_be_fetched(const struct cg_check *check, struct cg_span url)
{
    for (const struct cg_directive *at = check->conf; at != NULL; at = cg_directive_walk(at)) {
        if (cg_directive_is(at, "caregate_fetch_hosts") &&
            cg_host_list_has(at->words + 1, at->word_count - 1, url)) {
            return true;
        }
    }
    return check->conf == NULL;
}

static enum cg_status look_at_key(void *context, const void *row)
{
    struct trust_check *trust = context;
    const struct cg_client_key *key = row;
    if (key->revoked_s == 0 && key->kind == CG_CLIENT_KEY_JWKS_URI &&
        !can_be_fetched(trust->check, key->value)) {
        cg_findings_add(&trust->check->findings, CG_FINDING_WARNING, trust->client, unlisted_mend,
                        "the keys of this active client of %.*s cannot be fetched: the host of "
                        "%.*s is not in caregate_fetch_hosts",
                        CG_SPAN_ARGS(trust->realm), CG_SPAN_ARGS(key->value));
    }
    return CG_OK;
}

static enum cg_status look_at_client(void *context, const void *row)
{
    struct trust_check *trust = context;
    const struct cg_client *client = row;
    enum cg_status status = CG_OK;
    if (client->state == CG_CLIENT_ACTIVE && client->auth != CG_CLIENT_AUTH_SECRET) {
        trust->client = client->id;
        status = cg_client_key_list(trust->check->registry, trust->realm, client->id, trust->arena,
                                    look_at_key, trust);
    }
    cg_arena_clear(trust->arena);
    return status;
}

/* A level is weak when it says next to nothing of who the person is. */
static void judge_levels(struct trust_check *trust, const struct cg_upstream *upstream)
{
    const struct cg_upstream_kind *kind = cg_upstream_kind_find(upstream->kind);
    struct cg_span rest = upstream->levels;
    struct cg_span level;
    while (kind != NULL && cg_span_split(&rest, ' ', &level)) {
        if (level.len > 0 && cg_span_has_word(kind->weak_levels, level)) {
            cg_findings_add(&trust->check->findings, CG_FINDING_WARNING, upstream->name,
                            "`caregate upstream set NAME --level …` with the levels that your APIs "
                            "want, unless they ask for no more than this",
                            "this identity provider of %.*s is trusted at level %.*s, at which it "
                            "has not made sure who somebody is",
                            CG_SPAN_ARGS(trust->realm), CG_SPAN_ARGS(level));
        }
    }
}

static enum cg_status look_at_upstream(void *context, const void *row)
{
    struct trust_check *trust = context;
    const struct cg_upstream *upstream = row;
    if (upstream->retired_s != 0) {
        return CG_OK;
    }
    judge_levels(trust, upstream);
    if (upstream->jwks_uri.data != NULL && !can_be_fetched(trust->check, upstream->jwks_uri)) {
        cg_findings_add(&trust->check->findings, CG_FINDING_WARNING, upstream->name, unlisted_mend,
                        "the keys of this identity provider of %.*s cannot be fetched: the host of "
                        "%.*s is not in caregate_fetch_hosts",
                        CG_SPAN_ARGS(trust->realm), CG_SPAN_ARGS(upstream->jwks_uri));
    }
    return CG_OK;
}

static void judge_id(struct trust_check *trust, const struct cg_client *client,
                     const struct cg_upstream *upstream)
{
    struct cg_findings *findings = &trust->check->findings;
    if (upstream->retired_s != 0) {
        cg_findings_add(findings, CG_FINDING_WARNING, client->id,
                        "`caregate client upstream remove`, and `add` it at the provider that "
                        "followed, if one did",
                        "this active client of %.*s has an id at the identity provider %.*s, which "
                        "is retired: its ID tokens are refused",
                        CG_SPAN_ARGS(trust->realm), CG_SPAN_ARGS(upstream->name));
    } else if (!cg_span_has_word(client->grants, cg_grant_type(CG_GRANT_TOKEN_EXCHANGE))) {
        cg_findings_add(findings, CG_FINDING_WARNING, client->id,
                        "`caregate client set ID --grant client_credentials --grant "
                        "token-exchange`, or `caregate client upstream remove`",
                        "this active client of %.*s has an id at the identity provider %.*s, and "
                        "may not exchange its ID tokens",
                        CG_SPAN_ARGS(trust->realm), CG_SPAN_ARGS(upstream->name));
    }
}

static enum cg_status look_at_id(void *context, const void *row)
{
    struct trust_check *trust = context;
    const struct cg_client_upstream *id = row;
    struct cg_store *registry = trust->check->registry;
    struct cg_client client;
    struct cg_upstream upstream;
    CG_TRY(cg_client_find(registry, trust->realm, id->client, trust->arena, &client));
    CG_TRY(cg_upstream_named(registry, trust->realm, id->upstream, trust->arena, &upstream));
    if (client.state == CG_CLIENT_ACTIVE) {
        judge_id(trust, &client, &upstream);
    }
    cg_arena_clear(trust->arena);
    return CG_OK;
}

static enum cg_status look_at_realm(void *context, const void *row)
{
    struct trust_check *trust = context;
    struct cg_store *registry = trust->check->registry;
    trust->realm = ((const struct cg_realm *)row)->path;
    CG_TRY(cg_client_list(registry, trust->realm, trust->arena, look_at_client, trust));
    CG_TRY(cg_upstream_list(registry, trust->realm, trust->check->context->arena, look_at_upstream,
                            trust));
    return cg_client_upstream_list(registry, trust->realm, trust->arena, look_at_id, trust);
}

enum cg_status cg_check_trust(struct cg_check *check)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    if (check->registry == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_arena_new(ROW_BYTES_MAX, &arena));
    struct trust_check trust = {.check = check, .arena = arena};
    return cg_realm_list(check->registry, check->context->arena, look_at_realm, &trust);
}
