/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON token by token, against the reader that takes it apart whole: what the one takes the other
 * takes, but for what the first bounds or refuses more strictly (depth, names with escapes, empty
 * names, many names), with as many names and strings.
 */
#include "base/span.h"
#include "codec/json.h"
#include "codec/json_scan.h"
#include "fuzz.h"

#define TEXT_MAX_BYTES ((size_t)65536)

static enum cg_status scan_all(struct cg_span text, unsigned *ret_depth)
{
    static struct cg_json_scan scan;
    enum cg_json_token token = CG_JSON_OTHER;
    unsigned deepest = 0;
    cg_json_scan_begin(&scan, text);
    while (token != CG_JSON_DONE) {
        struct cg_span part = {NULL, 0};
        enum cg_status status = cg_json_scan_next(&scan, &token, &part);
        if (status != CG_OK) {
            return status;
        }
        deepest = scan.depth > deepest ? scan.depth : deepest;
        REQUIRE(part.data == NULL ||
                (part.data >= text.data && part.data + part.len < text.data + text.len));
    }
    REQUIRE(scan.depth == 0 && scan.name_count == 0);
    *ret_depth = deepest;
    return CG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span text = cg_span_of_bytes(data, len);
    struct cg_json *json = NULL;
    unsigned depth = 0;
    if (len > TEXT_MAX_BYTES) {
        return 0;
    }
    enum cg_status scanned = scan_all(text, &depth);
    enum cg_status parsed = cg_json_parse(text, TEXT_MAX_BYTES, &json);
    if (scanned == CG_OK && depth <= CG_LIMIT_JSON_DEPTH) {
        /* A number may be too large for the other. */
        bool has_number = false;
        for (size_t i = 0; i < len; i++) {
            has_number |= data[i] >= '0' && data[i] <= '9';
        }
        REQUIRE(parsed == CG_OK || has_number || depth == 0);
    }
    (void)cg_json_free(json);
    return 0;
}
