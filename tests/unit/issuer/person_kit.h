/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ID tokens for tests: the house's client is known to an identity provider like NHS login, whose
 * key set is registered by value, and sends its ID tokens to be exchanged. By default one is right
 * in every way.
 */
#ifndef CAREGATE_TEST_PERSON_KIT_H
#define CAREGATE_TEST_PERSON_KIT_H

#include "house.h"
#include "prover.h"

#define PERSON_ISSUER "https://auth.login.example"
#define PERSON_AUDIENCE "ward-app"
#define PERSON_TOKEN_TYPE "urn:ietf:params:oauth:token-type:id_token"

struct person_kit {
    struct house *house;
    struct sample sample;    /* its arena alone */
    struct prover provider;  /* RS512, kid "login-1" */
    struct prover elsewhere; /* RS512, a stranger's */
};

/* cmocka set-up and tear-down; *state is a struct person_kit. The client's agreement is on
 * "documents", and on the API "records" for scopes of people and of systems. */
int person_kit_build(void **state);
int person_kit_pull_down(void **state);

/* The header and claims of a good ID token, as JSON; `sub` is unique to each call. */
struct cg_span person_header(const struct person_kit *kit);
struct cg_span person_claims(const struct person_kit *kit);
struct cg_span person_sign(const struct person_kit *kit, struct cg_span header,
                           struct cg_span claims);
/* A good one. */
struct cg_span person_token(const struct person_kit *kit);

/* The form that has it exchanged, `more` (starting with '&') behind; in the sample's arena. */
struct cg_span person_form(const struct person_kit *kit, struct cg_span id_token, const char *more);
const struct cg_response *person_exchange(const struct person_kit *kit, struct cg_span id_token,
                                          const char *more);

#endif
