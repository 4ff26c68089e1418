/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorisation server metadata (RFC 8414 §2) and SMART's (SMART App Launch 2.2, "Metadata"), exact
 * for what the realm really does.
 */
#ifndef CG_OAUTH_METADATA_H
#define CG_OAUTH_METADATA_H

#include "base/buf.h"
#include "registry/realm.h"

/* `alg` is that of the key that signs (absent: none does); scopes_supported comes from the APIs of
 * the realm (space-separated). Failures stick to the buffer. */
void cg_metadata_write(const struct cg_realm *realm, struct cg_span alg, struct cg_span scopes,
                       struct cg_buf *buf);

/*
 * The same for .well-known/smart-configuration. It has the members that SMART knows, so that of the
 * grants it names those of SMART, and no issuer, since that is one of people's ID tokens.
 */
void cg_metadata_write_smart(const struct cg_realm *realm, struct cg_span scopes,
                             struct cg_buf *buf);

#endif
