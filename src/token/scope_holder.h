/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may hold a scope. Some scopes say by how they begin that they are for systems, for people, or
 * for people of whom an identity provider is sure to some level; all others are for anybody. One
 * table. Any thread.
 */
#ifndef CG_TOKEN_SCOPE_HOLDER_H
#define CG_TOKEN_SCOPE_HOLDER_H

#include <caregate/types.h>
#include <stdbool.h>

/* For whom a token is asked. */
struct cg_scope_holder {
    bool is_person;
    struct cg_span kind;  /* of the provider that knows the person (registry/upstream_kind.h) */
    struct cg_span level; /* how surely: "P9", "AAL3" */
};

/* A system, asking for itself. */
extern const struct cg_scope_holder cg_scope_holder_system;

bool cg_scope_holder_may(const struct cg_scope_holder *holder, struct cg_span scope);

#endif
