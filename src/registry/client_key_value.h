/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be registered as a client's key: the grammar of each kind of value, and the form in
 * which it is kept, so that what is found wrong is told to the operator and not to the client a
 * week later. Any thread.
 */
#ifndef CG_REGISTRY_CLIENT_KEY_VALUE_H
#define CG_REGISTRY_CLIENT_KEY_VALUE_H

#include "registry/client_key.h"

/*
 * Checks a value and writes the form that is kept, in the arena: a key set compact, a subject as
 * crypto/distinguished_name.h writes it, a DNS name in lower case, the others as they are.
 * CG_ERR_INPUT with a sentence in the fault, CG_ERR_LIMIT past CG_LIMIT_CLIENT_KEY_BYTES (with one)
 * or for memory.
 */
CG_MUST_USE enum cg_status cg_client_key_value_read(enum cg_client_key_kind kind,
                                                    struct cg_span text, struct cg_arena *arena,
                                                    struct cg_fault *fault,
                                                    struct cg_span *ret_value);

/*
 * Refuses a key set that has a kid of another one: an assertion names its key by the kid alone.
 * Both are as cg_client_key_value_read wrote them. CG_ERR_CONFLICT with a sentence in the fault.
 */
CG_MUST_USE enum cg_status cg_client_key_value_beside(struct cg_span jwks, struct cg_span other,
                                                      struct cg_fault *fault);

#endif
