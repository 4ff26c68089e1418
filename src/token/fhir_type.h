/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resource types of FHIR R4 (http://hl7.org/fhir/R4/valueset-resource-types.html), but the two
 * abstract ones, of which there are no resources. Any thread.
 */
#ifndef CG_TOKEN_FHIR_TYPE_H
#define CG_TOKEN_FHIR_TYPE_H

#include <caregate/types.h>
#include <stdbool.h>

/* Whether it is the name of one, letter for letter. */
bool cg_fhir_type_is(struct cg_span name);

/* The same, and the name as it stands in the table, which is static. */
bool cg_fhir_type_find(struct cg_span name, struct cg_span *ret_name);

/* The names in the order of bytes; NULL past the end. */
const char *cg_fhir_type_at(size_t index);

#endif
