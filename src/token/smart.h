/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SMART scope (SMART App Launch 2.2, "Scopes for requesting FHIR Resources"): who may do what
 * to which resources of a FHIR API.
 *
 *     scope   = context "/" ( type / "*" ) "." ( v2 [ "?" query ] / v1 )
 *     context = "patient" / "user" / "system"
 *     v2      = [ "c" ] [ "r" ] [ "u" ] [ "d" ] [ "s" ]                    ; at least one
 *     v1      = "read" / "write" / "*"                               ; rs, cud, cruds
 *     query   = name "=" value *( "&" name "=" value )           ; each holds: they are joined by
 * and
 *
 * A name is that of a search parameter, without modifier or chain; of those that begin with "_"
 * only what every resource can be searched by. A value is as it is, with nothing escaped in it.
 * Whatever else looks like such a scope is none. Spans borrow. Any thread.
 */
#ifndef CG_TOKEN_SMART_H
#define CG_TOKEN_SMART_H

#include "base/buf.h"

#include <caregate/types.h>
#include <stdbool.h>

enum cg_smart_context { CG_SMART_PATIENT, CG_SMART_USER, CG_SMART_SYSTEM };

/* Create; read, also of a version and of the history of one; update and patch; delete; search, also
 * the histories of a type and of all. */
enum {
    CG_SMART_CREATE = 1,
    CG_SMART_READ = 2,
    CG_SMART_UPDATE = 4,
    CG_SMART_DELETE = 8,
    CG_SMART_SEARCH = 16,
};

struct cg_smart_scope {
    enum cg_smart_context context;
    struct cg_span type;  /* of FHIR R4; "*": any, those that are yet to come among them */
    unsigned letters;     /* not 0 */
    struct cg_span query; /* what follows "?"; empty if none */
    bool is_v1;           /* said by a word of SMART 1 */
};

/* One constraint of a query. */
struct cg_smart_constraint {
    struct cg_span name;
    struct cg_span value;
};

/* Whether it has the form at all, a context and "/": then it is a SMART scope, or none. */
bool cg_smart_looks(struct cg_span scope);

/* CG_ERR_INPUT for what the grammar does not know, a type that FHIR R4 does not have, a constraint
 * said twice; CG_ERR_LIMIT past CG_LIMIT_SMART_CONSTRAINTS. */
CG_MUST_USE enum cg_status cg_smart_parse(struct cg_span text, struct cg_smart_scope *ret_scope);

/* Takes the next constraint off the front of *query, as of cg_smart_parse; false at its end. */
bool cg_smart_next(struct cg_span *query, struct cg_smart_constraint *ret_constraint);

/* Whether `part` opens nothing, by its letters, that `whole` does not open. Queries are held
 * against each other letter for letter: one constraint never implies another. */
bool cg_smart_covers(const struct cg_smart_scope *whole, const struct cg_smart_scope *part);

/*
 * What both open: the narrower type, the letters of both, the constraints of both. *ret_any is
 * false, and *ret_scope untouched, where that is nothing. Said by the version of `a`. A joined
 * query lives in the arena. CG_ERR_LIMIT for memory, or past CG_LIMIT_SMART_CONSTRAINTS.
 */
CG_MUST_USE enum cg_status cg_smart_meet(const struct cg_smart_scope *a,
                                         const struct cg_smart_scope *b, struct cg_arena *arena,
                                         struct cg_smart_scope *ret_scope, bool *ret_any);

/* Writes it by letters, or by a word of SMART 1 where it was said by one and one says the same.
 * Failures stick to the buffer. */
void cg_smart_write(const struct cg_smart_scope *scope, struct cg_buf *buf);

#endif
