/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assertions for tests: the house's client has keys of each type and signs with them what a test
 * asks for. By default an assertion is right in every way, under ES256 and the documented profile.
 */
#ifndef CAREGATE_TEST_ASSERTION_KIT_H
#define CAREGATE_TEST_ASSERTION_KIT_H

#include "house.h"
#include "registry/profile.h"

#define KIT_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* Where an assertion differs from one that is right; what is NULL does not. */
struct kit_assertion {
    const char *header; /* JSON */
    const char *name;   /* a claim, and its value as JSON; NULL: left out */
    const char *value;
    const char *jti;
    const char *type; /* the form's parameter with its '&'; "": none */
    const char *more; /* of the form, with its '&' */
    bool is_forged;   /* signed by a stranger */
};

/* Keys, made once for all tests of a program: cmocka's group set-up and tear-down. */
int kit_prepare(void **state);
int kit_put_away(void **state);

/* A house whose client has a key set: kids k1 (P-256), k2 (P-384), r1 (RSA), o1 (Ed25519). */
int kit_build(void **state);

void kit_set_client(struct house *house, const char *profile, enum cg_client_auth auth);
void kit_add_keys(struct house *house);
void kit_revoke_keys(struct house *house);
/* The key set that kit_add_keys registers. */
const char *kit_jwks(void);

/* The form of a token request; static. */
const char *kit_form(struct house *house, const struct kit_assertion *assertion);
const struct cg_response *kit_ask(struct house *house, const struct kit_assertion *assertion);
/* The same, not committed; and the verifications that it cost. */
const struct cg_response *kit_ask_unfinished(struct house *house,
                                             const struct kit_assertion *assertion);
size_t kit_verifications(struct house *house);

/* `detail` of the newest audit record; static, "" when it has none. */
const char *kit_last_detail(struct house *house);

#endif
