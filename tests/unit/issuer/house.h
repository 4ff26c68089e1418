/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small house to test the issuer in: a temporary folder with registry and audit, one realm, two
 * APIs, one client with an agreement in force and a secret, and a slot. Time stands at HOUSE_NOW_S
 * unless a test moves it.
 */
#ifndef CAREGATE_TEST_HOUSE_H
#define CAREGATE_TEST_HOUSE_H

#include "base/arena.h"
#include "base/limits.h"
#include "registry/agreement.h"
#include "registry/client.h"
#include "store/store.h"

#include <caregate/issuer.h>

#define HOUSE_NOW_S 1800000000
#define HOUSE_REALM "/vlive/hpca"
#define HOUSE_ISSUER "https://localhost:8443/vlive/hpca"

struct house {
    char folder[64];
    char uri[128];
    uint8_t master_key[CG_MASTER_KEY_BYTES];
    struct cg_random random;
    struct cg_arena *arena;
    struct cg_store *registry;
    struct cg_issuer_slot *slot;
    struct cg_exchange *exchange;
    int64_t now_s;
    char client[CG_LIMIT_CLIENT_ID_BYTES + 1];
    char secret[64];
    struct cg_span secret_id;
    struct cg_span agreement;               /* on the API "documents" */
    char token_id[CG_LIMIT_NAME_BYTES + 1]; /* for tests to remember one */
};

struct house_client {
    char id[CG_LIMIT_CLIENT_ID_BYTES + 1];
    char secret[64];
};

/* cmocka set-up and tear-down; *state is a struct house. */
int house_build(void **state);
int house_pull_down(void **state);

/* The one house of the program, built or not; and pulling it down at exit. */
struct house *house_standing(void);
void house_leave(void);

/* Adds an approved agreement of the house's client; returns its id. */
struct cg_span house_agree(struct house *house, const char *api, const char *scope, int64_t from_s,
                           int64_t until_s);

/* The same of any client: its id, api, scope, times and what narrows it. */
struct cg_span house_agree_with(struct house *house, const struct cg_agreement *wanted);

/* Runs one request alone. Headers and body are zero-terminated or NULL. */
const struct cg_response *house_ask(struct house *house, const char *method, const char *path,
                                    const char *body);
const struct cg_response *house_ask_with(struct house *house, const struct cg_request *request);

/* A token request by the house's client with its secret in the body and `more` (starting with '&')
 * behind it. */
const struct cg_response *house_ask_token(struct house *house, const char *more);

/* Another client of the same organisation, and the one that the house was built with. */
struct house_client house_add_client(struct house *house, const char *name);
struct house_client house_own_client(const struct house *house);

/* A token of the house's client, in the house's arena; `more` as in house_ask_token. */
struct cg_span house_token(struct house *house, const char *more);

/* The token that an answer gives, in the house's arena. */
struct cg_span house_token_of(struct house *house, const struct cg_response *response);

/* Shows a token to an endpoint of the realm as a client; `accept` is a header or NULL. */
const struct cg_response *house_present(struct house *house, const char *path,
                                        const struct house_client *client, struct cg_span token,
                                        const char *accept);

/* The value of a response header, or an absent span. */
struct cg_span house_header(const struct cg_response *response, const char *name);

/* How many audit records of a kind there are, and how many of them hold a text. */
int64_t house_count_events(struct house *house, const char *kind);
int64_t house_count_events_with(struct house *house, const char *kind, const char *text);

#endif
