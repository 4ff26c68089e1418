/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/check.h"
#include "cli/security_module.h"
#include "registry/agreement.h"
#include "registry/client.h"
#include "registry/client_key.h"
#include "registry/credential.h"
#include "registry/realm.h"
#include "registry/signing_key.h"

#include <sys/stat.h>

/* What the looks at one realm know of it. */
struct realm_check {
    struct cg_check *check;
    struct cg_span realm;
    struct cg_span alg;                 /* what the realm is set to; absent for the audit's keys */
    const struct cg_secret *master_key; /* NULL: it cannot be read */
    struct cg_security_module module;   /* opened for the first key that is in one */
    int64_t key_life_s;                 /* 0: keys are rotated by hand */
    /* of the client that is looked at */
    struct cg_span client;
    int64_t valid_secrets;
    int64_t latest_expiry_s;   /* of its valid secrets; INT64_MAX: one has no end */
    struct cg_credential used; /* the one used last, of those that end soon; id absent: none */
    unsigned key_kinds;        /* bits of enum cg_client_key_kind, in force */
};

static struct cg_findings *findings_of(struct realm_check *realm)
{
    return &realm->check->findings;
}

static void try_sealed(struct realm_check *realm, const struct cg_signing_key *key)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *opened = NULL;
    if (realm->master_key != NULL &&
        cg_signing_key_unseal(key, realm->master_key->data, &opened) != CG_OK) {
        cg_findings_add(findings_of(realm), CG_FINDING_ERROR, realm->realm,
                        "put back the master.key that belongs to this store",
                        "the signing key %.*s does not open with master.key",
                        CG_SPAN_ARGS(key->kid));
    }
}

/* It signs once. Where the module cannot be opened, that was said, or nginx's part says it. */
static void try_in_module(struct realm_check *realm, const struct cg_signing_key *key)
{
    struct cg_context *context = realm->check->context;
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    if (realm->module.pkcs11 == NULL && cg_security_module_open(context, &realm->module) != CG_OK) {
        cg_findings_add(findings_of(realm), CG_FINDING_ERROR, realm->realm,
                        "see caregate_pkcs11_module and caregate_pkcs11_pin in nginx.conf",
                        "the signing key %.*s is in a security module that is not configured",
                        CG_SPAN_ARGS(key->kid));
        return;
    }
    struct cg_key_means means = {NULL, realm->module.pkcs11};
    if (cg_signing_key_signer(key, &means, context->arena, &signer) != CG_OK) {
        const char *why = cg_pkcs11_trouble(realm->module.pkcs11);
        cg_findings_add(findings_of(realm), CG_FINDING_ERROR, realm->realm,
                        "bring the token back, or `caregate key rotate --now` to another key",
                        "the signing key %.*s in %.*s cannot be used: %s", CG_SPAN_ARGS(key->kid),
                        CG_SPAN_ARGS(key->reference), why != NULL ? why : "memory is short");
    }
}

static enum cg_status look_at_key(void *context, const void *row)
{
    struct realm_check *realm = context;
    const struct cg_signing_key *key = row;
    char text[CG_TIME_TEXT_BYTES];
    int64_t now_s = realm->check->context->now_s;
    if (key->retain_until_s != 0 && key->retain_until_s <= now_s) {
        return CG_OK;
    }
    if (key->reference.len > 0) {
        try_in_module(realm, key);
    } else {
        try_sealed(realm, key);
    }
    if (key->sign_from_s > now_s) {
        cg_time_format(key->sign_from_s, text);
        cg_findings_add(findings_of(realm), CG_FINDING_OK, realm->realm, NULL,
                        "the next signing key %.*s is announced for %s", CG_SPAN_ARGS(key->kid),
                        text);
    }
    return CG_OK;
}

/* Silent while a next key waits: that may be the one. */
static void judge_algorithm(struct realm_check *realm, struct cg_span alg, int64_t until_s)
{
    if (realm->alg.data != NULL && until_s == INT64_MAX && !cg_span_equal(realm->alg, alg)) {
        cg_findings_add(findings_of(realm), CG_FINDING_WARNING, realm->realm,
                        "`caregate key rotate` makes a key of that; no token is lost by it",
                        "its tokens are signed with %.*s, and it is set to %.*s", CG_SPAN_ARGS(alg),
                        CG_SPAN_ARGS(realm->alg));
    }
}

/* What to do about a key that is past its life. */
static const char *mend_age(const struct realm_check *realm, const struct cg_signing_key *key)
{
    if (realm->key_life_s == 0) {
        return "`caregate key rotate` announces the next; no token is lost by it";
    }
    return key->reference.len == 0
               ? "`caregate serve` changes it by itself while it runs; or `caregate key rotate`"
               : "`caregate serve` has the next one made in its security module while it runs, "
                 "else "
                 "says in its log why not; or `caregate key rotate --pkcs11 URI`";
}

/* Where keys change by themselves none gets older than its life. */
static void judge_age(struct realm_check *realm, const struct cg_signing_key *key, int64_t until_s)
{
    int64_t age_s = realm->check->context->now_s - key->sign_from_s;
    int64_t most_s = realm->key_life_s != 0 ? realm->key_life_s : CG_CHECK_KEY_AGE_S;
    bool old = age_s > most_s && until_s == INT64_MAX;
    cg_findings_add(findings_of(realm), old ? CG_FINDING_WARNING : CG_FINDING_OK, realm->realm,
                    old ? mend_age(realm, key) : NULL, "its signing key is %lld days old%s",
                    (long long)(age_s / 86400),
                    old && realm->key_life_s != 0 ? ", more than the realm allows" : "");
}

static enum cg_status look_at_current_key(struct realm_check *realm)
{
    struct cg_context *context = realm->check->context;
    struct cg_signing_key key;
    int64_t until_s = 0;
    if (cg_signing_key_current(realm->check->registry, realm->realm, context->now_s, context->arena,
                               &key, &until_s) != CG_OK) {
        cg_findings_add(findings_of(realm), CG_FINDING_ERROR, realm->realm,
                        "`caregate key rotate --now` makes one", "no signing key is active");
        return CG_OK;
    }
    judge_age(realm, &key, until_s);
    judge_algorithm(realm, key.alg, until_s);
    return CG_OK;
}

static enum cg_status look_at_realm_keys(struct realm_check *realm)
{
    struct cg_check *check = realm->check;
    CG_TRY(look_at_current_key(realm));
    return cg_signing_key_list(check->registry, realm->realm, check->context->arena, look_at_key,
                               realm);
}

static enum cg_status keys_of_realm(void *context, const void *row)
{
    struct realm_check *realm = context;
    const struct cg_realm *found = row;
    realm->realm = found->path;
    realm->alg = found->alg;
    realm->key_life_s = found->key_life_s;
    return look_at_realm_keys(realm);
}

/* The permissions of master.key are told by another part; here it is only wanted to try the keys.
 */
static bool can_read_master_key(struct cg_context *context)
{
    struct stat file;
    const char *path = NULL;
    return cg_context_path(context, "master.key", &path) == CG_OK && stat(path, &file) == 0 &&
           (file.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

enum cg_status cg_check_keys(struct cg_check *check)
{
    CG_CLEANUP(cg_secret_release) struct cg_secret master_key = {.len = 0};
    struct realm_check realm = {.check = check, .realm = CG_SPAN(CG_AUDIT_KEY_REALM)};
    if (check->registry == NULL) {
        return CG_OK;
    }
    if (can_read_master_key(check->context)) {
        if (cg_context_master_key(check->context, &master_key) == CG_OK) {
            realm.master_key = &master_key;
        } else {
            cg_findings_add(&check->findings, CG_FINDING_ERROR, CG_SPAN_OF("master.key"),
                            "put back the master.key that belongs to this store",
                            "it is not a master key");
        }
    }
    enum cg_status status = look_at_realm_keys(&realm);
    if (status == CG_OK) {
        status = cg_realm_list(check->registry, check->context->arena, keys_of_realm, &realm);
    }
    cg_security_module_release(&realm.module);
    return status;
}

static enum cg_status see_secret(void *context, const void *row)
{
    struct realm_check *realm = context;
    const struct cg_credential *secret = row;
    int64_t now_s = realm->check->context->now_s;
    int64_t expires_s = secret->expires_s == 0 ? INT64_MAX : secret->expires_s;
    if (secret->link_until_s != 0 || secret->revoked_s != 0 || expires_s <= now_s) {
        return CG_OK;
    }
    realm->valid_secrets++;
    realm->latest_expiry_s =
        expires_s > realm->latest_expiry_s ? expires_s : realm->latest_expiry_s;
    bool in_use = secret->last_used_s > now_s - CG_CHECK_IN_USE_S;
    if (in_use && expires_s - now_s <= CG_LIMIT_SOON_S) {
        realm->used = *secret;
    }
    return CG_OK;
}

static enum cg_status see_key(void *context, const void *row)
{
    struct realm_check *realm = context;
    const struct cg_client_key *key = row;
    if (key->revoked_s == 0) {
        realm->key_kinds |= 1U << (unsigned)key->kind;
    }
    return CG_OK;
}

/* What a method is no good without: see cg_client_key_kinds_for. */
static const struct {
    enum cg_client_auth auth;
    const char *mend;
    const char *finding;
} needs[] = {
    {CG_CLIENT_AUTH_PRIVATE_KEY_JWT,
     "`caregate client key add --client ID --jwks FILE` or --jwks-uri URL",
     "is to prove itself by a key, and has none"},
    {CG_CLIENT_AUTH_TLS,
     "`caregate client key add --client ID --tls-subject DN` or --tls-san-dns NAME",
     "is to prove itself by a certificate, and no name of one is registered"},
    {CG_CLIENT_AUTH_SELF_SIGNED_TLS, "`caregate client key add --client ID --certificate FILE`",
     "is to prove itself by a certificate, and none is registered"},
};

static enum cg_status judge_keys(struct realm_check *realm, enum cg_client_auth auth)
{
    struct cg_check *check = realm->check;
    realm->key_kinds = 0;
    CG_TRY(cg_client_key_list(check->registry, realm->realm, realm->client, check->context->arena,
                              see_key, realm));
    bool has_one = (cg_client_key_kinds_for(auth) & realm->key_kinds) != 0;
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (needs[i].auth == auth && !has_one) {
            cg_findings_add(findings_of(realm), CG_FINDING_WARNING, realm->client, needs[i].mend,
                            "this active client of %.*s %s", CG_SPAN_ARGS(realm->realm),
                            needs[i].finding);
        }
    }
    return CG_OK;
}

static void judge_secrets(struct realm_check *realm)
{
    char text[CG_TIME_TEXT_BYTES];
    int64_t now_s = realm->check->context->now_s;
    if (realm->valid_secrets == 0) {
        cg_findings_add(findings_of(realm), CG_FINDING_WARNING, realm->client,
                        "`caregate secret issue --client ID`, or retire the client",
                        "this active client of %.*s has no valid secret",
                        CG_SPAN_ARGS(realm->realm));
        return;
    }
    if (realm->latest_expiry_s != INT64_MAX && realm->latest_expiry_s - now_s <= CG_LIMIT_SOON_S) {
        cg_time_format(realm->latest_expiry_s, text);
        cg_findings_add(findings_of(realm), CG_FINDING_WARNING, realm->client,
                        "`caregate secret rotate --client ID` makes the next; both are valid until "
                        "then",
                        "the last secret of this client of %.*s ends at %s",
                        CG_SPAN_ARGS(realm->realm), text);
        return;
    }
    if (realm->used.id.data != NULL) {
        cg_time_format(realm->used.expires_s, text);
        cg_findings_add(findings_of(realm), CG_FINDING_WARNING, realm->client,
                        "move the system to the newer secret before then",
                        "the secret %.*s of this client of %.*s is in use and ends at %s",
                        CG_SPAN_ARGS(realm->used.id), CG_SPAN_ARGS(realm->realm), text);
    }
}

static enum cg_status look_at_client(void *context, const void *row)
{
    struct realm_check *realm = context;
    const struct cg_client *client = row;
    struct cg_check *check = realm->check;
    if (client->state != CG_CLIENT_ACTIVE) {
        return CG_OK;
    }
    realm->client = client->id;
    if (client->auth != CG_CLIENT_AUTH_SECRET) {
        return judge_keys(realm, client->auth);
    }
    realm->valid_secrets = 0;
    realm->latest_expiry_s = 0;
    realm->used = (struct cg_credential){.id = {NULL, 0}};
    CG_TRY(cg_secret_list(check->registry, realm->realm, client->id, check->context->arena,
                          see_secret, realm));
    judge_secrets(realm);
    return CG_OK;
}

static enum cg_status look_at_agreement(void *context, const void *row)
{
    struct realm_check *realm = context;
    const struct cg_agreement *agreement = row;
    char text[CG_TIME_TEXT_BYTES];
    int64_t left_s = agreement->until_s - realm->check->context->now_s;
    if (agreement->state == CG_AGREEMENT_APPROVED && agreement->until_s != 0 && left_s > 0 &&
        left_s < CG_LIMIT_SOON_S) {
        cg_time_format(agreement->until_s, text);
        cg_findings_add(findings_of(realm), CG_FINDING_WARNING, agreement->id,
                        "request and approve the one that follows it",
                        "the agreement of %.*s for %.*s ends at %s",
                        CG_SPAN_ARGS(agreement->client), CG_SPAN_ARGS(agreement->api), text);
    }
    return CG_OK;
}

static enum cg_status clients_of_realm(void *context, const void *row)
{
    struct realm_check *realm = context;
    struct cg_check *check = realm->check;
    realm->realm = ((const struct cg_realm *)row)->path;
    CG_TRY(cg_client_list(check->registry, realm->realm, check->context->arena, look_at_client,
                          realm));
    return cg_agreement_list(check->registry, realm->realm, (struct cg_span){NULL, 0},
                             check->context->arena, look_at_agreement, realm);
}

enum cg_status cg_check_clients(struct cg_check *check)
{
    struct realm_check realm = {.check = check};
    if (check->registry == NULL) {
        return CG_OK;
    }
    return cg_realm_list(check->registry, check->context->arena, clients_of_realm, &realm);
}
