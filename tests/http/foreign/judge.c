/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges a token by cjose: a question as JSON on standard input, the claims as JSON on standard
 * output, or an error. The library knows signatures; the claims are looked at here.
 */
#include <cjose/cjose.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    return 1;
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL ? value : "";
}

static cjose_jwk_t *find_key(const json_t *question, const char *kid)
{
    size_t at;
    json_t *jwk;
    json_t *keys = json_object_get(json_object_get(question, "jwks"), "keys");
    json_array_foreach(keys, at, jwk)
    {
        if (strcmp(text(jwk, "kid"), kid) == 0) {
            return cjose_jwk_import_json(jwk, NULL);
        }
    }
    return NULL;
}

static bool has(const json_t *array, const char *wanted)
{
    size_t at;
    json_t *value;
    json_array_foreach(array, at, value)
    {
        if (json_is_string(value) && strcmp(json_string_value(value), wanted) == 0) {
            return true;
        }
    }
    return false;
}

static const char *claims_fault(const json_t *question, const json_t *claims)
{
    if (json_integer_value(json_object_get(claims, "exp")) <= time(NULL)) {
        return "expired";
    }
    if (strcmp(text(claims, "iss"), text(question, "issuer")) != 0) {
        return "of another issuer";
    }
    return has(json_object_get(claims, "aud"), text(question, "audience")) ? NULL
                                                                           : "for another audience";
}

static int judge_claims(const json_t *question, const cjose_jws_t *jws)
{
    uint8_t *payload = NULL;
    size_t len = 0;
    if (!cjose_jws_get_plaintext(jws, &payload, &len, NULL)) {
        return fail("no payload");
    }
    json_t *claims = json_loadb((const char *)payload, len, 0, NULL);
    const char *fault = claims_fault(question, claims);
    if (fault == NULL) {
        (void)json_dumpf(claims, stdout, 0);
    }
    json_decref(claims);
    return fault == NULL ? 0 : fail(fault);
}

static int judge(const json_t *question, cjose_jws_t *jws)
{
    cjose_err error = {.message = "no such key"};
    cjose_header_t *header = cjose_jws_get_protected(jws);
    const char *alg = cjose_header_get(header, CJOSE_HDR_ALG, NULL);
    const char *kid = cjose_header_get(header, CJOSE_HDR_KID, NULL);
    if (alg == NULL || kid == NULL || strcmp(alg, text(question, "alg")) != 0) {
        return fail("another algorithm");
    }
    cjose_jwk_t *key = find_key(question, kid);
    bool is_good = key != NULL && cjose_jws_verify(jws, key, &error);
    cjose_jwk_release(key);
    return is_good ? judge_claims(question, jws) : fail(error.message);
}

int main(void)
{
    cjose_err error = {.message = ""};
    json_t *question = json_loadf(stdin, 0, NULL);
    const char *token = text(question, "token");
    cjose_jws_t *jws = cjose_jws_import(token, strlen(token), &error);
    int status = jws != NULL ? judge(question, jws) : fail(error.message);
    cjose_jws_release(jws);
    json_decref(question);
    return status;
}
