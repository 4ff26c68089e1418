/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/profile.h"

#include "base/span.h"

#define ANY_TLS ((unsigned)CG_CLIENT_AUTH_TLS | (unsigned)CG_CLIENT_AUTH_SELF_SIGNED_TLS)
#define ANY_AUTH                                                                                   \
    ((unsigned)CG_CLIENT_AUTH_SECRET | (unsigned)CG_CLIENT_AUTH_PRIVATE_KEY_JWT | ANY_TLS)

static const struct cg_profile profiles[] = {
    {
        .name = CG_SPAN("documented"),
        .alg = CG_SPAN("RS256"),
        .typ = CG_SPAN("JWT"),
        .token_life_s = 300,
        .token_response = CG_TOKEN_RESPONSE_DOCUMENTED,
        .client_auths = ANY_AUTH,
        .assertion =
            {
                .algs =
                    CG_SPAN("RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519"),
                .audiences = (unsigned)CG_ASSERTION_FOR_TOKEN_URL | CG_ASSERTION_FOR_ISSUER,
                .life_max_s = 310,
                .future_skew_s = 60,
            },
    },
    {
        /* SMART App Launch 2.2, Backend Services: RS384 and ES384, kid, exp at most 5 minutes
         * ahead. */
        .name = CG_SPAN("smart"),
        .alg = CG_SPAN("RS256"),
        .typ = CG_SPAN("at+jwt"),
        .token_life_s = 300,
        .token_response = CG_TOKEN_RESPONSE_RFC,
        .client_auths = CG_CLIENT_AUTH_PRIVATE_KEY_JWT,
        .assertion =
            {
                .algs = CG_SPAN("RS384 ES384"),
                .audiences = CG_ASSERTION_FOR_TOKEN_URL,
                .kid_required = true,
                .life_max_s = 310,
                .future_skew_s = 60,
            },
    },
    {
        /* NHS England API platform, signed JWT authentication: RS512, kid, exp in 5 minutes. */
        .name = CG_SPAN("nhs"),
        .alg = CG_SPAN("RS256"),
        .typ = CG_SPAN("at+jwt"),
        .token_life_s = 300,
        .token_response = CG_TOKEN_RESPONSE_RFC,
        .client_auths = CG_CLIENT_AUTH_PRIVATE_KEY_JWT,
        .assertion =
            {
                .algs = CG_SPAN("RS512"),
                .audiences = CG_ASSERTION_FOR_TOKEN_URL,
                .audience_is_one = true,
                .kid_required = true,
                .typ = CG_SPAN("JWT"),
                .life_max_s = 310,
                .future_skew_s = 60,
            },
    },
    {
        /* FAPI 2.0 Security Profile §5.3.2.1 and §5.4.1. */
        .name = CG_SPAN("fapi2"),
        .alg = CG_SPAN("PS256"),
        .typ = CG_SPAN("at+jwt"),
        .token_life_s = 300,
        .token_response = CG_TOKEN_RESPONSE_RFC,
        .client_auths = (unsigned)CG_CLIENT_AUTH_PRIVATE_KEY_JWT | ANY_TLS,
        .tokens_bound = true,
        .assertion =
            {
                .algs = CG_SPAN("PS256 ES256 EdDSA Ed25519"),
                .audiences = CG_ASSERTION_FOR_ISSUER,
                .audience_is_one = true,
                .life_max_s = 310,
                .future_skew_s = 10,
            },
    },
};

static const struct {
    enum cg_client_auth auth;
    const char *name;
} auth_names[] = {
    {CG_CLIENT_AUTH_SECRET, "client_secret"},
    {CG_CLIENT_AUTH_PRIVATE_KEY_JWT, "private_key_jwt"},
    {CG_CLIENT_AUTH_TLS, "tls_client_auth"},
    {CG_CLIENT_AUTH_SELF_SIGNED_TLS, "self_signed_tls_client_auth"},
};
#define AUTH_COUNT (sizeof(auth_names) / sizeof(auth_names[0]))

static const char *const bind_names[] = {
    [CG_CLIENT_BIND_NONE] = "none",
    [CG_CLIENT_BIND_DPOP] = "dpop",
    [CG_CLIENT_BIND_MTLS] = "mtls",
};
#define BIND_COUNT (sizeof(bind_names) / sizeof(bind_names[0]))

static const char *const response_names[] = {
    [CG_TOKEN_RESPONSE_DOCUMENTED] = "documented",
    [CG_TOKEN_RESPONSE_RFC] = "rfc",
};
#define RESPONSE_COUNT (sizeof(response_names) / sizeof(response_names[0]))

const struct cg_profile *cg_profile_find(struct cg_span name)
{
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        if (cg_span_equal(profiles[i].name, name)) {
            return &profiles[i];
        }
    }
    return NULL;
}

struct cg_span cg_client_auth_name(enum cg_client_auth auth)
{
    for (size_t i = 0; i < AUTH_COUNT; i++) {
        if (auth_names[i].auth == auth) {
            return cg_span_of_string(auth_names[i].name);
        }
    }
    return (struct cg_span){NULL, 0};
}

enum cg_status cg_client_auth_find(struct cg_span name, enum cg_client_auth *ret_auth)
{
    for (size_t i = 0; i < AUTH_COUNT; i++) {
        if (cg_span_equal_string(name, auth_names[i].name)) {
            *ret_auth = auth_names[i].auth;
            return CG_OK;
        }
    }
    return CG_ERR_INPUT;
}

enum cg_client_auth cg_profile_first_auth(const struct cg_profile *profile)
{
    return (enum cg_client_auth)(profile->client_auths & -profile->client_auths);
}

struct cg_span cg_client_bind_name(enum cg_client_bind bind)
{
    return cg_span_of_string(bind_names[bind]);
}

enum cg_status cg_client_bind_find(struct cg_span name, enum cg_client_bind *ret_bind)
{
    for (size_t i = 0; i < BIND_COUNT; i++) {
        if (cg_span_equal_string(name, bind_names[i])) {
            *ret_bind = (enum cg_client_bind)i;
            return CG_OK;
        }
    }
    return CG_ERR_INPUT;
}

struct cg_span cg_token_response_name(enum cg_token_response response)
{
    return cg_span_of_string(response_names[response]);
}

enum cg_status cg_token_response_find(struct cg_span name, enum cg_token_response *ret_response)
{
    for (size_t i = 0; i < RESPONSE_COUNT; i++) {
        if (cg_span_equal_string(name, response_names[i])) {
            *ret_response = (enum cg_token_response)i;
            return CG_OK;
        }
    }
    return CG_ERR_INPUT;
}
