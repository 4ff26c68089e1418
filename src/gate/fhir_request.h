/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one FHIR R4 request reaches, read from its method, path and query
 * (https://hl7.org/fhir/R4/http.html, search.html, operations.html): a bounded list of needs, each
 * of which some SMART scope must meet. What the tables here do not know cannot be decided, and is
 * refused: a new interaction opens nothing until somebody has thought about it.
 *
 * No allocation. Spans borrow from the request. Any thread.
 */
#ifndef CG_GATE_FHIR_REQUEST_H
#define CG_GATE_FHIR_REQUEST_H

#include "base/limits.h"

#include <caregate/gate.h>
#include <caregate/types.h>
#include <stdbool.h>

/* Where an operation is called: at the API's base, on a type, on a resource. */
enum {
    CG_FHIR_SYSTEM_LEVEL = 1,
    CG_FHIR_TYPE_LEVEL = 2,
    CG_FHIR_INSTANCE_LEVEL = 4,
};

struct cg_fhir_need {
    struct cg_span type; /* static, or of a rule; "*": all that there are, and will be */
    unsigned letters;    /* CG_SMART_… (token/smart.h), each of which is needed */
    bool is_search;      /* the whole request is a search of this type by its parameters, so that a
                          * scope with a query may meet it */
};

/* What else must be read before the request is decided. */
enum cg_fhir_body {
    CG_FHIR_BODY_IGNORED,  /* nothing: the API's own business */
    CG_FHIR_BODY_RESOURCE, /* nothing; in a Bundle, that it is a resource of the type written */
    CG_FHIR_BODY_PATCH,    /* nothing; in a Bundle, that it is a Binary or Parameters */
    CG_FHIR_BODY_FORM,     /* the rest of the query (R4 search, "search by POST") */
    CG_FHIR_BODY_BUNDLE,   /* a batch or transaction, each entry a request of its own */
};

struct cg_fhir_needs {
    struct cg_fhir_need items[CG_LIMIT_FHIR_NEEDS];
    size_t count; /* 0: any token of the API will do */
    enum cg_fhir_body body;
    struct cg_span written; /* type of CG_FHIR_BODY_RESOURCE */
};

/* An operation that the operator has vouched for (caregate_operation). */
struct cg_fhir_rule {
    struct cg_span type; /* on which it is; absent: on any, and on the base */
    struct cg_span name; /* without '$' */
    const struct cg_fhir_need *needs;
    size_t need_count;
};

struct cg_fhir_rules {
    const struct cg_fhir_rule *items;
    size_t count;
};

struct cg_fhir_request {
    enum cg_method method;
    struct cg_span path;          /* below the base, without '/' in front: "Patient/1" */
    struct cg_span query;         /* as sent, without '?' */
    struct cg_span form;          /* the body of a search by POST, once it is there */
    struct cg_span if_none_exist; /* R4 http, "conditional create"; absent: none */
    struct cg_fhir_rules rules;
};

/*
 * Reads it. CG_ERR_INPUT: it cannot be decided. With CG_FHIR_BODY_FORM the needs are those of the
 * query alone until the form is given; without data there is none yet.
 */
CG_MUST_USE enum cg_status cg_fhir_request_read(const struct cg_fhir_request *request,
                                                struct cg_fhir_needs *ret_needs);

/* Adds a need, or its letters to one of the same type. CG_ERR_INPUT when there are too many. */
CG_MUST_USE enum cg_status cg_fhir_need_add(struct cg_fhir_needs *needs,
                                            const struct cg_fhir_need *need);

/* What follows a dot or colon, or stands alone: letters, digits, '-' and '_', 1 to 64. */
bool cg_fhir_is_word(struct cg_span text);

#endif
