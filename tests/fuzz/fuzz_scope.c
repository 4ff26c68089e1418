/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser takes, written and parsed again, is the same set. */
#include "base/buf.h"
#include "base/span.h"
#include "token/scope.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool held)
{
    if (!held) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span text = cg_span_of_bytes(data, len);
    struct cg_scope scope;
    if (cg_scope_parse(text, &scope) != CG_OK) {
        return 0;
    }
    struct cg_buf buf;
    cg_buf_init(&buf, CG_LIMIT_SCOPE_BYTES);
    cg_scope_write(&scope, &buf);
    struct cg_span written;
    require(cg_buf_finish(&buf, &written) == CG_OK);
    struct cg_scope again;
    require(cg_scope_parse(written, &again) == CG_OK && again.count == scope.count);
    for (size_t i = 0; i < scope.count; i++) {
        require(cg_span_equal(scope.tokens[i], again.tokens[i]));
        require(cg_scope_text_has(text, scope.tokens[i]));
    }
    cg_buf_release(&buf);
    return 0;
}
