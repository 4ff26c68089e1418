/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/metadata.h"

#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"

#include <string.h>

/* An endpoint's URL: the issuer with a suffix. Built in place, since the writer takes a whole
 * string. */
static void put_endpoint(struct cg_json_writer *json, const char *member,
                         const struct cg_realm *realm, const char *suffix)
{
    uint8_t url[CG_LIMIT_URI_BYTES];
    struct cg_span tail = cg_span_of_string(suffix);
    if (realm->issuer.len + tail.len > sizeof(url)) {
        json->buf->failed = true;
        return;
    }
    memcpy(url, realm->issuer.data, realm->issuer.len);
    memcpy(url + realm->issuer.len, tail.data, tail.len);
    cg_json_member_put(json, member, cg_span_of_bytes(url, realm->issuer.len + tail.len));
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

/* Every endpoint that authenticates a client takes the same methods. */
static void put_authenticating(struct cg_json_writer *json)
{
    static const char *const members[] = {
        "token_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_methods_supported",
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        put_list(json, members[i], CG_SPAN_OF("client_secret_post client_secret_basic"));
    }
}

void cg_metadata_write(const struct cg_realm *realm, struct cg_span alg, struct cg_span scopes,
                       struct cg_buf *buf)
{
    struct cg_json_writer json;
    cg_json_begin(&json, buf);
    cg_json_open_object(&json);
    cg_json_member_put(&json, "issuer", realm->issuer);
    put_endpoint(&json, "token_endpoint", realm, "/oauth/token");
    put_endpoint(&json, "jwks_uri", realm, "/oauth/jwks");
    put_endpoint(&json, "introspection_endpoint", realm, "/oauth/introspect");
    put_endpoint(&json, "revocation_endpoint", realm, "/oauth/revoke");
    put_list(&json, "scopes_supported", scopes);
    put_list(&json, "response_types_supported", (struct cg_span){NULL, 0});
    put_list(&json, "grant_types_supported", CG_SPAN_OF("client_credentials"));
    put_authenticating(&json);
    put_list(&json, "introspection_signing_alg_values_supported", alg);
    cg_json_close_object(&json);
}
