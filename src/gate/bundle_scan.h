/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch or transaction (https://hl7.org/fhir/R4/http.html#transaction) as so many requests, found
 * in one pass over its JSON and judged one by one as each ends. Nothing of it is kept. What cannot
 * be read without doubt is malformed: JSON that is not strict, a name twice or in another case, an
 * escape that hides what it says, another kind of Bundle, an entry without a request, a resource
 * that is not of the type its request says. Any thread.
 */
#ifndef CG_GATE_BUNDLE_SCAN_H
#define CG_GATE_BUNDLE_SCAN_H

#include "codec/json_scan.h"
#include "gate/smart_grants.h"

#include <caregate/reason.h>

struct cg_bundle_verdict {
    enum cg_reason reason;       /* NONE, BUNDLE_MALFORMED, FHIR_REQUEST_UNCLEAR,
                                  * SMART_SCOPE_INSUFFICIENT, SCOPE_INSUFFICIENT */
    struct cg_fhir_need lacking; /* of SMART_...; its type is static, or of the Bundle */
    enum cg_method barred;       /* of SCOPE_INSUFFICIENT */
    size_t entries;              /* looked at: the last of them is refused, if one is */
};

/* `scan` is room to work in. */
void cg_bundle_scan(struct cg_span body, const struct cg_smart_grants *grants,
                    struct cg_fhir_rules rules, struct cg_json_scan *scan,
                    struct cg_bundle_verdict *ret_verdict);

#endif
