/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside crypto/ only: a module, its sessions, and what is found in them. All but cg_pkcs11_lock is
 * called under the mutex.
 */
#ifndef CG_CRYPTO_PKCS11_INNER_H
#define CG_CRYPTO_PKCS11_INNER_H

#include "crypto/pkcs11.h"

#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdatomic.h>

/* By what a key type signs, and is made. Ed25519 does its own hashing. */
struct cg_pkcs11_way {
    enum cg_key_algorithm algorithm;
    CK_KEY_TYPE type;
    CK_MECHANISM_TYPE mechanism;
    CK_MECHANISM_TYPE generates;
    struct cg_span curve; /* CKA_EC_PARAMS; absent for RSA */
};

struct cg_pkcs11 {
    pthread_mutex_t mutex;
    const char *module;
    struct cg_span pin;
    void *library;               /* NULL until it is loaded */
    CK_FUNCTION_LIST *functions; /* NULL until it is started */
    bool is_ours;                /* C_Initialize was ours, so C_Finalize is */
    bool has_failed;             /* to be started anew before the next key is opened */
    bool pin_refused;            /* never try it again: tokens lock themselves */
    uint64_t generation;
    _Atomic(const char *) trouble;
};

/* Notes the trouble; gives `status` back. */
enum cg_status cg_pkcs11_fail(struct cg_pkcs11 *pkcs11, enum cg_status status, const char *why);

void cg_pkcs11_lock(struct cg_pkcs11 *pkcs11);
/* A module may use the OpenSSL that we do: this thread's queue of errors is emptied, too. */
void cg_pkcs11_unlock(struct cg_pkcs11 *pkcs11);

/* CG_ERR_INPUT for an algorithm by which no realm signs. Without the mutex. */
CG_MUST_USE enum cg_status cg_pkcs11_way_of(struct cg_pkcs11 *pkcs11,
                                            enum cg_key_algorithm algorithm,
                                            const struct cg_pkcs11_way **ret_way);

/* A session at the object's token, logged in; `flags` is 0 or CKF_RW_SESSION. Starts the module if
 * need be. */
CG_MUST_USE enum cg_status cg_pkcs11_session_open(struct cg_pkcs11 *pkcs11,
                                                  const struct cg_pkcs11_object *object,
                                                  CK_FLAGS flags, CK_SESSION_HANDLE *ret_session);

/* The object of a class. CG_ERR_NOT_FOUND when none fits, CG_ERR_CONFLICT when several do. */
CG_MUST_USE enum cg_status cg_pkcs11_find(struct cg_pkcs11 *pkcs11, CK_SESSION_HANDLE session,
                                          const struct cg_pkcs11_object *object,
                                          CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *ret_handle);

/* CG_ERR_INPUT when the key is of another type. */
CG_MUST_USE enum cg_status cg_pkcs11_check_type(struct cg_pkcs11 *pkcs11, CK_SESSION_HANDLE session,
                                                CK_OBJECT_HANDLE handle,
                                                const struct cg_pkcs11_way *way);

#endif
