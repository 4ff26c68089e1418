/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a value must be made of before it may stand in a token, a snapshot or a header. Any thread.
 */
#ifndef CG_TOKEN_TEXT_H
#define CG_TOKEN_TEXT_H

#include <caregate/types.h>
#include <stdbool.h>

/*
 * 1 to `max` visible ASCII characters but quotes and backslashes: such a value cannot end a header
 * line, a quoted string or a parameter list (RFC 9110 §5.5, §5.6.4).
 */
bool cg_text_is_header_safe(struct cg_span text, size_t max);

/* The name of an API: [A-Za-z0-9._-], 1 to CG_LIMIT_NAME_BYTES. */
bool cg_text_is_name(struct cg_span text);

/* An ODS code, of an organisation in health or care: [A-Z0-9], 3 to 10. */
bool cg_text_is_ods(struct cg_span text);

/* A SNOMED CT identifier: 6 to 18 digits, the first not 0, the last a check digit (Verhoeff). */
bool cg_text_is_sctid(struct cg_span text);

#endif
