/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URIs as the registry accepts them (RFC 3986). Any thread.
 */
#ifndef CG_CODEC_URI_H
#define CG_CODEC_URI_H

#include <caregate/types.h>
#include <stdbool.h>

struct cg_uri {
    struct cg_span scheme;
    struct cg_span host; /* without brackets; absent for a URN */
    struct cg_span port; /* digits or absent */
    struct cg_span path;
    struct cg_span query;
    bool has_userinfo;
    bool has_fragment;
};

/*
 * An absolute URI, ASCII, at most CG_LIMIT_URI_BYTES. CG_ERR_INPUT otherwise. Spans borrow from
 * text.
 */
CG_MUST_USE enum cg_status cg_uri_parse(struct cg_span text, struct cg_uri *ret_uri);

/* http or https with a host, no userinfo, no fragment. */
bool cg_uri_is_http(const struct cg_uri *uri);

/*
 * A realm path: '/' then segments of [a-z0-9._-]+, no dot segments, no final '/', within the limit.
 */
bool cg_uri_is_realm_path(struct cg_span path);

/*
 * Whether a raw path has a segment that some reader takes for "..": escaped, before a ';', or
 * between '\'. Where such a path leads depends on who reads it (RFC 3986 §5.2.4, §6.2.2).
 */
bool cg_uri_path_climbs(struct cg_span path);

#endif
