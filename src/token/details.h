/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rich authorisation (RFC 9396): the objects of authorization_details, as a client asks for them
 * and as a token carries them. There is one type of ours:
 *
 *     {"type":"caregate_documents",
 *      "locations":["https://api.example/documents"],
 *      "actions":["documents.read"],
 *      "document_types":["http://snomed.info/sct|736253002"],
 *      "organisations":["https://fhir.nhs.uk/Id/ods-organization-code|RX809"]}
 *
 * An object allows its actions at its locations, on documents of its types, of its organisations. A
 * list that is left out does not narrow; one that is there has at least one value. Several objects
 * for one location are alternatives. Codes are held without their system. Any thread.
 */
#ifndef CG_TOKEN_DETAILS_H
#define CG_TOKEN_DETAILS_H

#include "base/arena.h"
#include "base/limits.h"
#include "codec/json.h"

#include <caregate/types.h>

#define CG_DETAILS_CLAIM "authorization_details"
#define CG_DETAILS_TYPE "caregate_documents"

/* One object. Each list is space-separated, without repeats. */
struct cg_details {
    struct cg_span locations;      /* audiences of APIs; at least one */
    struct cg_span actions;        /* scopes; empty: all that are agreed */
    struct cg_span document_types; /* SNOMED CT codes; empty: all */
    struct cg_span organisations;  /* ODS codes; empty: all */
};

struct cg_details_list {
    struct cg_details items[CG_LIMIT_DETAILS];
    size_t count;
};

/*
 * Reads an array of 1 to CG_LIMIT_DETAILS objects; a member that the type does not have is refused.
 * Lists live in the arena. CG_ERR_INPUT, with *ret_wrong a static sentence on what to mend (of no
 * meaning otherwise); CG_ERR_LIMIT when the arena is full.
 */
CG_MUST_USE enum cg_status cg_details_read(const struct cg_json_value *array,
                                           struct cg_arena *arena, const char **ret_wrong,
                                           struct cg_details_list *ret_list);

/* The same from JSON text of at most CG_LIMIT_DETAILS_BYTES. */
CG_MUST_USE enum cg_status cg_details_parse(struct cg_span text, struct cg_arena *arena,
                                            const char **ret_wrong,
                                            struct cg_details_list *ret_list);

/* Writes one object: ASCII, no control characters. Failures stick to the writer's buffer. */
void cg_details_write(const struct cg_details *details, struct cg_json_writer *writer);

#endif
