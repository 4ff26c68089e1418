/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/metadata.h"

#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"
#include "registry/grant.h"
#include "token/details.h"
#include "token/dpop.h"

#include <string.h>

/* Those that authenticate the client, and so have an alias where certificates are asked for. */
static const struct {
    const char *member;
    const char *suffix;
} aliased[] = {
    {"token_endpoint", "/oauth/token"},
    {"introspection_endpoint", "/oauth/introspect"},
    {"revocation_endpoint", "/oauth/revoke"},
};

/* An endpoint's URL: the issuer with a suffix. Built in place, since the writer takes a whole
 * string. */
static void put_endpoint(struct cg_json_writer *json, const char *member, struct cg_span issuer,
                         const char *suffix)
{
    uint8_t url[CG_LIMIT_URI_BYTES];
    struct cg_span tail = cg_span_of_string(suffix);
    if (issuer.len + tail.len > sizeof(url)) {
        json->buf->failed = true;
        return;
    }
    memcpy(url, issuer.data, issuer.len);
    memcpy(url + issuer.len, tail.data, tail.len);
    cg_json_member_put(json, member, cg_span_of_bytes(url, issuer.len + tail.len));
}

/* RFC 8705 §3.3 and §5 */
static void put_mtls(struct cg_json_writer *json, const struct cg_realm *realm)
{
    if (realm->mtls_issuer.data == NULL) {
        return;
    }
    cg_json_put_name(json, "tls_client_certificate_bound_access_tokens");
    cg_json_put_bool(json, true);
    cg_json_put_name(json, "mtls_endpoint_aliases");
    cg_json_open_object(json);
    for (size_t i = 0; i < sizeof(aliased) / sizeof(aliased[0]); i++) {
        put_endpoint(json, aliased[i].member, realm->mtls_issuer, aliased[i].suffix);
    }
    cg_json_close_object(json);
}

static void put_list(struct cg_json_writer *json, const char *member, struct cg_span words)
{
    cg_json_put_name(json, member);
    cg_json_open_array(json);
    struct cg_span rest = words;
    struct cg_span word;
    while (cg_span_split(&rest, ' ', &word)) {
        if (word.len > 0) {
            cg_json_put_string(json, word);
        }
    }
    cg_json_close_array(json);
}

/* What RFC 8414 calls the ways in which clients prove themselves. */
static const struct {
    enum cg_client_auth auth;
    const char *names;
} methods[] = {
    {CG_CLIENT_AUTH_SECRET, "client_secret_post client_secret_basic"},
    {CG_CLIENT_AUTH_PRIVATE_KEY_JWT, "private_key_jwt"},
    {CG_CLIENT_AUTH_TLS, "tls_client_auth"},
    {CG_CLIENT_AUTH_SELF_SIGNED_TLS, "self_signed_tls_client_auth"},
};

/* Every endpoint that authenticates a client takes the same methods. */
static const struct authenticating {
    const char *methods;
    const char *algs;
} authenticating[] = {
    {"token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported"},
    {"introspection_endpoint_auth_methods_supported",
     "introspection_endpoint_auth_signing_alg_values_supported"},
    {"revocation_endpoint_auth_methods_supported",
     "revocation_endpoint_auth_signing_alg_values_supported"},
};

static struct cg_span method_names(unsigned allowed, uint8_t room[static CG_LIMIT_TEXT_BYTES])
{
    struct cg_span names = {room, 0};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct cg_span more = cg_span_of_string(methods[i].names);
        if ((allowed & (unsigned)methods[i].auth) != 0) {
            room[names.len] = ' ';
            memcpy(room + names.len + 1, more.data, more.len);
            names.len += more.len + 1;
        }
    }
    return names;
}

/* What the realm's profile allows, less certificates where none are asked for. */
static unsigned allowed_methods(const struct cg_realm *realm, const struct cg_profile *profile)
{
    unsigned by_certificate = (unsigned)CG_CLIENT_AUTH_TLS | CG_CLIENT_AUTH_SELF_SIGNED_TLS;
    unsigned allowed = profile != NULL ? profile->client_auths : 0;
    return realm->mtls_issuer.data != NULL ? allowed : allowed & ~by_certificate;
}

/* RFC 8414 §2: with private_key_jwt the algorithms are REQUIRED. */
static void put_methods(struct cg_json_writer *json, const struct cg_realm *realm,
                        const struct authenticating *members)
{
    const struct cg_profile *profile = cg_profile_find(realm->profile);
    unsigned allowed = allowed_methods(realm, profile);
    uint8_t room[CG_LIMIT_TEXT_BYTES];
    put_list(json, members->methods, method_names(allowed, room));
    if ((allowed & CG_CLIENT_AUTH_PRIVATE_KEY_JWT) != 0) {
        put_list(json, members->algs, profile->assertion.algs);
    }
}

static void put_authenticating(struct cg_json_writer *json, const struct cg_realm *realm)
{
    for (size_t i = 0; i < sizeof(authenticating) / sizeof(authenticating[0]); i++) {
        put_methods(json, realm, &authenticating[i]);
    }
}

static void put_grants(struct cg_json_writer *json)
{
    cg_json_put_name(json, "grant_types_supported");
    cg_json_open_array(json);
    for (size_t i = 0; i < CG_GRANT_TOKEN_COUNT; i++) {
        cg_json_put_string(json, cg_grant_type((enum cg_grant)i));
    }
    cg_json_close_array(json);
}

/* SMART App Launch 2.2, "Capability Sets": asymmetric authentication is by RS384 or ES384, of an
 * assertion for the token URL. Nothing that needs a person to sign in is claimed. */
static void put_capabilities(struct cg_json_writer *json, const struct cg_realm *realm)
{
    const struct cg_profile *profile = cg_profile_find(realm->profile);
    unsigned allowed = allowed_methods(realm, profile);
    bool has_alg =
        profile != NULL && (cg_span_has_word(profile->assertion.algs, CG_SPAN_OF("RS384")) ||
                            cg_span_has_word(profile->assertion.algs, CG_SPAN_OF("ES384")));
    cg_json_put_name(json, "capabilities");
    cg_json_open_array(json);
    if ((allowed & CG_CLIENT_AUTH_SECRET) != 0) {
        cg_json_put_string(json, CG_SPAN_OF("client-confidential-symmetric"));
    }
    if ((allowed & CG_CLIENT_AUTH_PRIVATE_KEY_JWT) != 0 && has_alg &&
        (profile->assertion.audiences & CG_ASSERTION_FOR_TOKEN_URL) != 0) {
        cg_json_put_string(json, CG_SPAN_OF("client-confidential-asymmetric"));
    }
    cg_json_put_string(json, CG_SPAN_OF("permission-v1"));
    cg_json_put_string(json, CG_SPAN_OF("permission-v2"));
    cg_json_close_array(json);
}

void cg_metadata_write_smart(const struct cg_realm *realm, struct cg_span scopes,
                             struct cg_buf *buf)
{
    struct cg_json_writer json;
    cg_json_begin(&json, buf);
    cg_json_open_object(&json);
    put_endpoint(&json, "token_endpoint", realm->issuer, "/oauth/token");
    put_endpoint(&json, "jwks_uri", realm->issuer, "/oauth/jwks");
    put_endpoint(&json, "introspection_endpoint", realm->issuer, "/oauth/introspect");
    put_endpoint(&json, "revocation_endpoint", realm->issuer, "/oauth/revoke");
    put_list(&json, "scopes_supported", scopes);
    put_list(&json, "response_types_supported", (struct cg_span){NULL, 0});
    put_list(&json, "grant_types_supported", cg_grant_type(CG_GRANT_CLIENT_CREDENTIALS));
    put_methods(&json, realm, &authenticating[0]);
    /* The member is REQUIRED, and S256 in it, of servers at which nobody signs in, too. */
    put_list(&json, "code_challenge_methods_supported", CG_SPAN_OF("S256"));
    put_capabilities(&json, realm);
    cg_json_close_object(&json);
}

void cg_metadata_write(const struct cg_realm *realm, struct cg_span alg, struct cg_span scopes,
                       struct cg_buf *buf)
{
    struct cg_json_writer json;
    cg_json_begin(&json, buf);
    cg_json_open_object(&json);
    cg_json_member_put(&json, "issuer", realm->issuer);
    put_endpoint(&json, "token_endpoint", realm->issuer, "/oauth/token");
    put_endpoint(&json, "jwks_uri", realm->issuer, "/oauth/jwks");
    put_endpoint(&json, "introspection_endpoint", realm->issuer, "/oauth/introspect");
    put_endpoint(&json, "revocation_endpoint", realm->issuer, "/oauth/revoke");
    put_list(&json, "scopes_supported", scopes);
    put_list(&json, "response_types_supported", (struct cg_span){NULL, 0});
    put_grants(&json);
    put_authenticating(&json, realm);
    put_list(&json, "introspection_signing_alg_values_supported", alg);
    put_list(&json, "dpop_signing_alg_values_supported", CG_SPAN_OF(CG_DPOP_ALGORITHMS));
    put_mtls(&json, realm);
    /* RFC 9396 §10 */
    put_list(&json, "authorization_details_types_supported", CG_SPAN_OF(CG_DETAILS_TYPE));
    cg_json_close_object(&json);
}
