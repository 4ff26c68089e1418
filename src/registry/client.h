/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients: the calling systems. Ids are made by us: lower-case words and digits that no user's
 * subject can equal. See registry/registry.h.
 */
#ifndef CG_REGISTRY_CLIENT_H
#define CG_REGISTRY_CLIENT_H

#include "crypto/random.h"
#include "registry/realm.h"

enum cg_client_state { CG_CLIENT_ACTIVE, CG_CLIENT_SUSPENDED, CG_CLIENT_RETIRED };

struct cg_client {
    struct cg_span realm;
    struct cg_span id;
    struct cg_span organisation; /* ODS code */
    struct cg_span name;
    struct cg_span grants; /* space-separated: types of registry/grant.h */
    enum cg_client_state state;
    int64_t epoch;           /* raised by suspension and when a secret leaked */
    int64_t token_life_s;    /* 0: the API's or the realm's */
    bool has_token_response; /* false: the realm's */
    enum cg_token_response token_response;
    struct cg_span profile;   /* absent: the realm's */
    enum cg_client_auth auth; /* add: 0 for what the profile's clients start with */
    enum cg_client_bind bind;
    int64_t created_s;
};

const char *cg_client_state_name(enum cg_client_state state);

/* What the client's tokens are bound to under its profile: to a key also where the profile is not
 * known (NULL), so that nothing goes out unbound by mistake. */
enum cg_client_bind cg_client_binding(const struct cg_client *client,
                                      const struct cg_profile *profile);

/*
 * Adds the client and returns its id in the arena: the one it has, else one made from its name and
 * random digits ("ward-system-7f3k9q2x"). CG_ERR_CONFLICT when a client has, or had, this id.
 */
CG_MUST_USE enum cg_status cg_client_add(struct cg_store *store, const struct cg_client *client,
                                         const struct cg_random *random, struct cg_arena *arena,
                                         struct cg_fault *fault, struct cg_span *ret_id);
/*
 * Writes grants, token life, token response, profile, way of authentication and binding.
 * CG_ERR_INPUT when the profile does not allow them together.
 */
CG_MUST_USE enum cg_status cg_client_set(struct cg_store *store, const struct cg_client *client,
                                         struct cg_arena *arena, struct cg_fault *fault);
CG_MUST_USE enum cg_status cg_client_find(struct cg_store *store, struct cg_span realm,
                                          struct cg_span id, struct cg_arena *arena,
                                          struct cg_client *ret_client);
/* For what a client that is retired can have no more of: CG_ERR_NOT_FOUND, CG_ERR_CONFLICT when it
 * is retired. */
CG_MUST_USE enum cg_status cg_client_check_live(struct cg_store *store, struct cg_span realm,
                                                struct cg_span id, struct cg_arena *arena,
                                                struct cg_fault *fault);
CG_MUST_USE enum cg_status cg_client_list(struct cg_store *store, struct cg_span realm,
                                          struct cg_arena *arena, cg_registry_visit visit,
                                          void *context);

/*
 * Suspending raises the epoch and denies tokens of lesser epochs; resuming does not revive them.
 * Retiring is for good. CG_ERR_CONFLICT when the client is not in the state that this starts from.
 */
CG_MUST_USE enum cg_status cg_client_suspend(struct cg_store *store, struct cg_span realm,
                                             struct cg_span id, int64_t now_s,
                                             struct cg_fault *fault);
CG_MUST_USE enum cg_status cg_client_resume(struct cg_store *store, struct cg_span realm,
                                            struct cg_span id, struct cg_fault *fault);
CG_MUST_USE enum cg_status cg_client_retire(struct cg_store *store, struct cg_span realm,
                                            struct cg_span id, int64_t now_s,
                                            struct cg_fault *fault);

/* Denies the tokens that the client was issued until now, and leaves it in its state: those that it
 * gets from now on are good. */
CG_MUST_USE enum cg_status cg_client_deny_tokens(struct cg_store *store, struct cg_span realm,
                                                 struct cg_span id, int64_t now_s,
                                                 struct cg_fault *fault);

#endif
