/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the registry holds of a thing, as a file of the registry says it: its keys and their values
 * in order. `export` writes them, `apply` compares them, so that both mean the same.
 *
 * Nothing sealed or secret is a fact, nor is who approved what. Texts live in the arena given, or
 * are the row's. A value that is absent is left out of a file.
 */
#ifndef CG_CLI_FACTS_H
#define CG_CLI_FACTS_H

#include "registry/agreement.h"
#include "registry/api.h"
#include "registry/client.h"
#include "registry/client_key.h"
#include "registry/client_upstream.h"
#include "registry/organisation.h"
#include "registry/upstream.h"

#include <caregate/types.h>
#include <stdbool.h>

#define CG_FACTS_MAX 16

enum cg_fact_shape {
    CG_FACT_TEXT,
    CG_FACT_NUMBER,
    CG_FACT_FLAG,  /* "true" */
    CG_FACT_WORDS, /* space-separated, in no order that matters */
};

struct cg_fact {
    const char *key; /* static: "token-life" */
    enum cg_fact_shape shape;
    struct cg_span value;
};

struct cg_facts {
    struct cg_fact items[CG_FACTS_MAX];
    size_t count;
    struct cg_arena *arena;
    enum cg_status status; /* sticks */
};

void cg_facts_init(struct cg_facts *facts, struct cg_arena *arena);

/* Each adds all that is a fact of the row, the one that names it first. */
void cg_facts_of_realm(struct cg_facts *facts, const struct cg_realm *realm);
void cg_facts_of_organisation(struct cg_facts *facts, const struct cg_organisation *organisation);
void cg_facts_of_upstream(struct cg_facts *facts, const struct cg_upstream *upstream);
void cg_facts_of_api(struct cg_facts *facts, const struct cg_api *api);
void cg_facts_of_client(struct cg_facts *facts, const struct cg_client *client);
void cg_facts_of_key(struct cg_facts *facts, const struct cg_client_key *key);
void cg_facts_of_client_upstream(struct cg_facts *facts, const struct cg_client_upstream *row);
/* Without its id and its limit for now. */
void cg_facts_of_agreement(struct cg_facts *facts, const struct cg_agreement *agreement);

void cg_facts_add(struct cg_facts *facts, const char *key, enum cg_fact_shape shape,
                  struct cg_span value);
/* Absent for count 0. */
void cg_facts_add_rate(struct cg_facts *facts, const char *key, const struct cg_rate *rate);

/* "jwks-uri": under which key a client's key of a kind stands. */
const char *cg_facts_key_name(enum cg_client_key_kind kind);

/* Whether two values of a shape mean the same. */
bool cg_fact_is_same(enum cg_fact_shape shape, struct cg_span a, struct cg_span b);

#endif
