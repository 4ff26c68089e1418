/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request is addressed to, written so that all spellings of it are equal bytes. Any thread.
 */
#ifndef CG_CODEC_URI_TARGET_H
#define CG_CODEC_URI_TARGET_H

#include "base/buf.h"
#include "codec/uri.h"

#include <caregate/types.h>

/*
 * Writes scheme, host, port and path of an http or https URI in the form of RFC 3986 §6.2.2 and
 * §6.2.3: scheme and host in lower case, escapes in upper case and only where they are needed, no
 * dot segments, no default port, "/" for an empty path. Query and fragment are left out.
 * CG_ERR_INPUT for another scheme, user information, and no host or one with escapes;
 * CG_ERR_LIMIT past the buffer's maximum.
 */
CG_MUST_USE enum cg_status cg_uri_target_write(const struct cg_uri *uri, struct cg_buf *buf);

#endif
