/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a signing key is that stays in a security module: a URI "pkcs11:token=…;object=…" (RFC
 * 7512). No PIN and no module stand in it: it is told in lists and in the audit. Any thread.
 */
#ifndef CG_JOSE_KEY_REFERENCE_H
#define CG_JOSE_KEY_REFERENCE_H

#include "base/arena.h"
#include "base/status.h"
#include "crypto/pkcs11.h"

#include <caregate/types.h>

/*
 * Attributes token, serial, object, id and type=private, each once; token must be there, and object
 * or id. Spans in the arena. CG_ERR_INPUT with a fault that says what to mend.
 */
CG_MUST_USE enum cg_status cg_key_reference_parse(struct cg_span uri, struct cg_arena *arena,
                                                  struct cg_fault *fault,
                                                  struct cg_pkcs11_object *ret_object);

/* The same of a token in which a key is to be made: object is the label that it gets, and may be
 * missing; id must be. */
CG_MUST_USE enum cg_status cg_key_reference_parse_place(struct cg_span uri, struct cg_arena *arena,
                                                        struct cg_fault *fault,
                                                        struct cg_pkcs11_object *ret_object);

/* The URI of what is there of an object, in the arena. CG_ERR_LIMIT past
 * CG_LIMIT_KEY_REFERENCE_BYTES. */
CG_MUST_USE enum cg_status cg_key_reference_write(const struct cg_pkcs11_object *object,
                                                  struct cg_arena *arena, struct cg_span *ret_uri);

#endif
