/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorisation server metadata (RFC 8414 §2), exact for what the realm really does.
 */
#ifndef CG_OAUTH_METADATA_H
#define CG_OAUTH_METADATA_H

#include "base/buf.h"
#include "registry/realm.h"

/* `alg` is that of the key that signs (absent: none does); scopes_supported comes from the APIs of
 * the realm (space-separated). Failures stick to the buffer. */
void cg_metadata_write(const struct cg_realm *realm, struct cg_span alg, struct cg_span scopes,
                       struct cg_buf *buf);

#endif
