/* SPDX-License-Identifier: Apache-2.0 */
#include "net/host_list.h"

#include "base/span.h"
#include "codec/uri.h"

/* "keys.example" stands for its port 443 alone: other ports of a machine are other services. */
static bool is_host(struct cg_span listed, const struct cg_uri *uri)
{
    size_t colon = cg_span_find(listed, ':', 0);
    struct cg_span port =
        colon < listed.len ? cg_span_part(listed, colon + 1, listed.len) : CG_SPAN_OF("443");
    struct cg_span wanted = uri->port.len > 0 ? uri->port : CG_SPAN_OF("443");
    return cg_span_equal_nocase(cg_span_part(listed, 0, colon), uri->host) &&
           cg_span_equal(port, wanted);
}

bool cg_host_list_has(const struct cg_span *hosts, size_t count, struct cg_span url)
{
    struct cg_uri uri;
    if (cg_uri_parse(url, &uri) != CG_OK || !cg_uri_is_http(&uri) ||
        !cg_span_equal_string(uri.scheme, "https")) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_host(hosts[i], &uri)) {
            return true;
        }
    }
    return false;
}
