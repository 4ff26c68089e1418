/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/route.h"

#include "base/span.h"
#include "issuer/endpoint.h"

static const struct cg_route routes[] = {
    {CG_SPAN("/oauth/token"), CG_SPAN("POST"), cg_endpoint_token, false},
    {CG_SPAN("/oauth/introspect"), CG_SPAN("POST"), cg_endpoint_introspect, false},
    {CG_SPAN("/oauth/revoke"), CG_SPAN("POST"), cg_endpoint_revoke, false},
    {CG_SPAN("/oauth/gate-bundle"), CG_SPAN("POST"), cg_endpoint_gate_bundle, false},
    {CG_SPAN("/oauth/gate-report"), CG_SPAN("POST"), cg_endpoint_gate_report, false},
    {CG_SPAN("/oauth/handover"), CG_SPAN("GET, HEAD, POST"), cg_endpoint_handover, false},
    {CG_SPAN("/oauth/jwks"), CG_SPAN("GET, HEAD"), cg_endpoint_jwks, false},
    {CG_SPAN("/.well-known/oauth-authorization-server"), CG_SPAN("GET, HEAD"), cg_endpoint_metadata,
     true},
    {CG_SPAN("/.well-known/openid-configuration"), CG_SPAN("GET, HEAD"), cg_endpoint_metadata,
     true},
    {CG_SPAN("/.well-known/smart-configuration"), CG_SPAN("GET, HEAD"), cg_endpoint_smart, true},
};

static bool ends_with(struct cg_span path, struct cg_span suffix)
{
    return path.len > suffix.len &&
           cg_span_equal(cg_span_part(path, path.len - suffix.len, suffix.len), suffix);
}

/* RFC 8414 §3.1: the well-known string goes between host and path of the issuer. */
static bool is_well_known_place(const struct cg_route *route, struct cg_span path)
{
    return route->well_known && path.len > route->suffix.len &&
           cg_span_starts_with(path, route->suffix) && path.data[route->suffix.len] == '/';
}

const struct cg_route *cg_route_find(struct cg_span path, struct cg_span *ret_realm_path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        const struct cg_route *route = &routes[i];
        if (is_well_known_place(route, path)) {
            *ret_realm_path = cg_span_part(path, route->suffix.len, path.len);
            return route;
        }
        if (ends_with(path, route->suffix)) {
            *ret_realm_path = cg_span_part(path, 0, path.len - route->suffix.len);
            return route;
        }
    }
    return NULL;
}
