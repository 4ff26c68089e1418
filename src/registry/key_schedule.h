/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedule of signing keys: announced, active, retained, gone. A realm says how long a key
 * signs; the next one is announced CG_KEY_ANNOUNCE_S before, by registry/key_rotation.c as by hand.
 * What is due is read from the keys as they are: whoever looks second finds nothing to do. See
 * registry/registry.h.
 */
#ifndef CG_REGISTRY_KEY_SCHEDULE_H
#define CG_REGISTRY_KEY_SCHEDULE_H

#include "registry/realm.h"
#include "registry/signing_key.h"

/* When the successor of a realm's active key is announced by itself; 0: never. */
int64_t cg_key_schedule_announce_s(const struct cg_realm *realm, const struct cg_signing_key *key);

/* The path of the first realm behind `after` ("": of all), in the order of their bytes.
 * CG_ERR_NOT_FOUND when there is none. */
CG_MUST_USE enum cg_status cg_key_schedule_next_realm(struct cg_store *store, struct cg_span after,
                                                      struct cg_arena *arena,
                                                      struct cg_span *ret_path);

/* The realm, if its next key is to be made now. CG_ERR_NOT_FOUND when it is not. */
CG_MUST_USE enum cg_status cg_key_schedule_due(struct cg_store *store, struct cg_span path,
                                               int64_t now_s, struct cg_arena *arena,
                                               struct cg_realm *ret_realm);

/* A key of the realm whose last token is over and whose private half is there yet.
 * CG_ERR_NOT_FOUND when there is none. */
CG_MUST_USE enum cg_status cg_key_schedule_over(struct cg_store *store, struct cg_span path,
                                                int64_t now_s, struct cg_arena *arena,
                                                struct cg_signing_key *ret_key);

/* Destroys the private half. Needs a transaction; raises no version, since the key is published no
 * more. */
CG_MUST_USE enum cg_status cg_key_schedule_forget(struct cg_store *store,
                                                  const struct cg_signing_key *key);

/* Where the successor of a key is made: the reference of an order, absent for the store, else the
 * token that the key is in. */
CG_MUST_USE enum cg_status cg_key_schedule_place(const struct cg_signing_key *key,
                                                 struct cg_arena *arena,
                                                 struct cg_span *ret_reference);

/* A private half that was made in a module, and that nothing signs with any more. */
struct cg_key_debris {
    struct cg_span reference;
    struct cg_span kid;
};

/* One of a realm's. CG_ERR_NOT_FOUND when there is none. */
CG_MUST_USE enum cg_status cg_key_schedule_debris(struct cg_store *store, struct cg_span path,
                                                  struct cg_arena *arena,
                                                  struct cg_key_debris *ret_debris);

/* Destroys it in its module, where it may be gone already. Needs a transaction. Statuses of the
 * module as of cg_pkcs11_destroy. */
CG_MUST_USE enum cg_status cg_key_schedule_clear(struct cg_store *store,
                                                 const struct cg_key_debris *debris,
                                                 struct cg_pkcs11 *pkcs11, struct cg_arena *arena);

/* Destroys in its module what was made there for a key that is not to be: inside the transaction
 * that has it, and that is rolled back next. Does nothing for any other; what fails stays there. */
void cg_key_schedule_unmake(struct cg_store *store, struct cg_span kid, struct cg_pkcs11 *pkcs11,
                            struct cg_arena *arena);

#endif
