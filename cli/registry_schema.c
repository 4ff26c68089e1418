/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry_schema.h"

#define END                                                                                        \
    {                                                                                              \
        NULL, CG_SCHEMA_TEXT, false, NULL, NULL, NULL                                              \
    }

static const struct cg_schema organisation = {
    "an organisation",
    (const struct cg_schema_key[]){
        {"ods", CG_SCHEMA_TEXT, true, "ODS", NULL, "its ODS code, which names it"},
        {"name", CG_SCHEMA_TEXT, true, "NAME", NULL, "what people call it"},
        END,
    },
};

static const struct cg_schema upstream = {
    "an identity provider",
    (const struct cg_schema_key[]){
        {"name", CG_SCHEMA_TEXT, true, "NAME", NULL,
         "its name, with which the subject of each of its people begins"},
        {"kind", CG_SCHEMA_TEXT, true, "KIND", NULL, "nhs-login, cis2 or oidc"},
        {"issuer", CG_SCHEMA_TEXT, true, "URL", NULL,
         "its issuer, byte for byte as its ID tokens have it"},
        {"alg", CG_SCHEMA_TEXT, false, "ALG", NULL,
         "what it signs ID tokens with; else RS512 of nhs-login, RS256 of the others"},
        {"levels", CG_SCHEMA_WORDS, false, "LEVELS", NULL,
         "levels of assurance to accept; else P9 of nhs-login, AAL2 and AAL3 of cis2, any of oidc"},
        {"jwks-uri", CG_SCHEMA_TEXT, false, "URL", NULL, "where it publishes its keys"},
        {"jwks", CG_SCHEMA_TEXT, false, "JSON", NULL, "or its public keys, as a JWK set"},
        END,
    },
};

static const struct cg_schema api = {
    "an API",
    (const struct cg_schema_key[]){
        {"name", CG_SCHEMA_TEXT, true, "NAME", NULL, "its name"},
        {"audience", CG_SCHEMA_TEXT, true, "URI", NULL, "what tokens for it name in aud"},
        {"scopes", CG_SCHEMA_WORDS, true, "SCOPES", NULL,
         "its operations; a scope belongs to one API of a realm"},
        {"approvals", CG_SCHEMA_TEXT, false, "NUMBER", NULL,
         "people who must approve an agreement, 1 if left out"},
        {"token-life", CG_SCHEMA_TEXT, false, "SECONDS", NULL,
         "how long a token lives, the realm's if left out"},
        {"introspectors", CG_SCHEMA_WORDS, false, "CLIENTS", NULL,
         "ids of the clients that may ask what its tokens are worth"},
        END,
    },
};

static const struct cg_schema key = {
    "a key of a client",
    (const struct cg_schema_key[]){
        {"jwks", CG_SCHEMA_TEXT, false, "JSON", NULL, "public keys as a JWK set"},
        {"jwks-uri", CG_SCHEMA_TEXT, false, "URL", NULL, "where the client publishes its JWK set"},
        {"certificate", CG_SCHEMA_TEXT, false, "PEM", NULL, "its certificate"},
        {"tls-subject", CG_SCHEMA_TEXT, false, "DN", NULL, "subject of its certificate (RFC 4514)"},
        {"tls-san-dns", CG_SCHEMA_TEXT, false, "NAME", NULL, "DNS name in its certificate"},
        END,
    },
};

static const struct cg_schema client_upstream = {
    "an id at an identity provider",
    (const struct cg_schema_key[]){
        {"upstream", CG_SCHEMA_TEXT, true, "NAME", NULL, "the identity provider"},
        {"audience", CG_SCHEMA_TEXT, true, "ID", NULL,
         "by which id that provider knows the client: aud of its ID tokens"},
        END,
    },
};

static const struct cg_schema client = {
    "a client",
    (const struct cg_schema_key[]){
        {"id", CG_SCHEMA_TEXT, true, "ID", NULL,
         "its client_id: as it is exported, or a new one of lower-case words, digits and hyphens"},
        {"organisation", CG_SCHEMA_TEXT, true, "ODS", NULL, "whose system it is"},
        {"name", CG_SCHEMA_TEXT, true, "NAME", NULL, "what people call it"},
        {"grants", CG_SCHEMA_WORDS, false, "GRANTS", NULL,
         "what it may ask for: client_credentials, which it is if left out, token-exchange, gate"},
        {"profile", CG_SCHEMA_TEXT, false, "PROFILE", NULL,
         "documented, smart, nhs or fapi2, the realm's if left out"},
        {"auth", CG_SCHEMA_TEXT, false, "METHOD", NULL,
         "client_secret, private_key_jwt, tls_client_auth or self_signed_tls_client_auth, what "
         "the profile begins with if left out"},
        {"bind", CG_SCHEMA_TEXT, false, "HOW", NULL,
         "what its tokens are bound to: none, dpop or mtls, none if left out"},
        {"token-life", CG_SCHEMA_TEXT, false, "SECONDS", NULL,
         "how long its tokens live, the API's or the realm's if left out"},
        {"token-response", CG_SCHEMA_TEXT, false, "SHAPE", NULL,
         "documented or rfc, the realm's if left out"},
        {"suspended", CG_SCHEMA_TEXT, false, "true|false", NULL,
         "whether it is suspended; if left out it stays as it is"},
        {"keys", CG_SCHEMA_THINGS, false, NULL, &key, "what its proofs are checked against"},
        {"upstreams", CG_SCHEMA_THINGS, false, NULL, &client_upstream,
         "its ids at identity providers"},
        END,
    },
};

static const struct cg_schema agreement = {
    "an agreement",
    (const struct cg_schema_key[]){
        {"id", CG_SCHEMA_TEXT, false, "ID", NULL,
         "as it is exported; where there is none of this id it is found by what it says"},
        {"client", CG_SCHEMA_TEXT, true, "ID", NULL, "the client that will call"},
        {"api", CG_SCHEMA_TEXT, true, "NAME", NULL, "the API that it will call"},
        {"scopes", CG_SCHEMA_WORDS, true, "SCOPES", NULL, "operations of that API"},
        {"types", CG_SCHEMA_WORDS, false, "SNOMED", NULL,
         "only documents of these types, all if left out"},
        {"organisations", CG_SCHEMA_WORDS, false, "ODS", NULL,
         "only documents of these, all if left out"},
        {"purpose", CG_SCHEMA_TEXT, true, "CODE", NULL, "what for: direct_care, …"},
        {"purpose-text", CG_SCHEMA_TEXT, false, "TEXT", NULL,
         "what for, in words; no patient's data"},
        {"rate", CG_SCHEMA_TEXT, false, "RATE", NULL,
         "how often it may call: 20/s, 600/min; no limit if left out"},
        {"from", CG_SCHEMA_TEXT, false, "DATE", NULL, "when it begins, on request if left out"},
        {"until", CG_SCHEMA_TEXT, false, "DATE", NULL, "when it is over, never if left out"},
        {"limit", CG_SCHEMA_TEXT, false, "RATE", NULL,
         "less often than agreed, for now; taken for one that is approved"},
        END,
    },
};

static const struct cg_schema realm = {
    "a realm",
    (const struct cg_schema_key[]){
        {"path", CG_SCHEMA_TEXT, true, "PATH", NULL, "its path: /vlive/hpca"},
        {"profile", CG_SCHEMA_TEXT, false, "PROFILE", NULL,
         "documented, which it is if left out, smart, nhs or fapi2: where the settings below start "
         "from"},
        {"alg", CG_SCHEMA_TEXT, false, "ALG", NULL,
         "how tokens are signed: RS256, PS256, ES256 or EdDSA"},
        {"typ", CG_SCHEMA_TEXT, false, "TYP", NULL, "the token's type: JWT or at+jwt"},
        {"token-life", CG_SCHEMA_TEXT, false, "SECONDS", NULL, "how long a token lives"},
        {"token-response", CG_SCHEMA_TEXT, false, "SHAPE", NULL,
         "documented (refresh_token is null) or rfc (it is left out)"},
        {"key-life", CG_SCHEMA_TEXT, false, "SPAN", NULL,
         "how long a signing key signs, 90d if left out, or off"},
        {"organisations", CG_SCHEMA_THINGS, false, NULL, &organisation,
         "organisations whose systems call"},
        {"upstreams", CG_SCHEMA_THINGS, false, NULL, &upstream, "who may say who a person is"},
        {"apis", CG_SCHEMA_THINGS, false, NULL, &api, "what stands behind the gate"},
        {"clients", CG_SCHEMA_THINGS, false, NULL, &client, "calling systems"},
        {"agreements", CG_SCHEMA_THINGS, false, NULL, &agreement,
         "who may call what, for what purpose: asked for, never approved, by a file"},
        END,
    },
};

const struct cg_schema cg_registry_schema = {
    "a file of the registry",
    (const struct cg_schema_key[]){
        {"caregate", CG_SCHEMA_TEXT, true, CG_REGISTRY_FORMAT, NULL, "the format of the file"},
        {"mtls-url", CG_SCHEMA_TEXT, false, "URL", NULL,
         "what clients with certificates call; off; if left out it stays as it is"},
        {"realms", CG_SCHEMA_THINGS, true, NULL, &realm, "issuers, each with a path of its own"},
        END,
    },
};
