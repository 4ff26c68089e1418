/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parameters of a FHIR request reach beyond the type that it is about: _include,
 * _revinclude, _has, chains and the like (https://hl7.org/fhir/R4/search.html). Names are read as
 * an API would read them, escapes undone; a name that could be read in two ways, and a parameter
 * that begins with '_' and is not in the table, cannot be decided. No allocation. Any thread.
 */
#ifndef CG_GATE_FHIR_SEARCH_H
#define CG_GATE_FHIR_SEARCH_H

#include "gate/fhir_request.h"

/* In what the parameters stand: each takes others. */
enum cg_fhir_asked {
    CG_FHIR_ASKED_RESOURCE = 1,     /* read, vread, create, update, patch, delete */
    CG_FHIR_ASKED_CAPABILITIES = 2, /* metadata */
    CG_FHIR_ASKED_HISTORY = 4,      /* of a resource, a type or all */
    CG_FHIR_ASKED_TYPE = 8,         /* a search of a type or compartment */
    CG_FHIR_ASKED_SYSTEM = 16,      /* a search of all types, or of those that _type names */
    CG_FHIR_ASKED_CONDITION = 32,   /* a search on whose outcome a write depends */
    CG_FHIR_ASKED_OPERATION = 64,   /* an operation's own */
    CG_FHIR_ASKED_EXPORT = 128,     /* those of $export */
};

/* What was found out on the way. */
struct cg_fhir_parameters {
    size_t count;   /* parameters that select resources */
    bool has_types; /* _type was there: its types are needs by `type_letters` */
};

/*
 * Reads a query and adds what it reaches to the needs; each type of _type, where it may stand, with
 * `type_letters`. CG_ERR_INPUT: it cannot be decided.
 */
CG_MUST_USE enum cg_status cg_fhir_search_read(struct cg_span query, enum cg_fhir_asked asked,
                                               unsigned type_letters, struct cg_fhir_needs *needs,
                                               struct cg_fhir_parameters *parameters);

/* Whether the query has a parameter of this name with exactly this value, escapes undone. */
bool cg_fhir_search_has(struct cg_span query, struct cg_span name, struct cg_span value);

#endif
