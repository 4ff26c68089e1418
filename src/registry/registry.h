/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry: realms, APIs, organisations, clients, credentials, agreements, signing keys. What
 * is common to all its headers:
 *
 * - functions take an open store (cg_store_open with CG_STORE_REGISTRY) and may block; one thread
 * at a time per store;
 * - those that change something expect the caller to hold a transaction (cg_store_begin) and raise
 * the version numbers themselves; the caller audits the change before it commits (an event without
 * its change is told by CHANGE_FAILED; a change without its event cannot happen);
 * - fault (may be NULL) gets a static text that says what to mend;
 * - texts of results live in the arena given;
 * - statuses: CG_ERR_INPUT a malformed value; CG_ERR_NOT_FOUND; CG_ERR_CONFLICT it exists, or its
 * state forbids this; CG_ERR_LIMIT too many; CG_ERR_STORE the store failed.
 */
#ifndef CG_REGISTRY_REGISTRY_H
#define CG_REGISTRY_REGISTRY_H

#include "base/arena.h"
#include "base/status.h"
#include "store/store.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_registry_version {
    int64_t registry;
    int64_t keys;
    int64_t denylist;
};

CG_MUST_USE enum cg_status cg_registry_version_read(struct cg_store *store,
                                                    struct cg_registry_version *ret_version);

/*
 * What a change touched, beyond the registry itself; bits. A denied token changes nothing but the
 * denylist: by DENYLIST_ALONE issuers go on with what they remember of clients and realms.
 */
enum cg_registry_touch {
    CG_TOUCH_REGISTRY = 0,
    CG_TOUCH_KEYS = 1 << 0,
    CG_TOUCH_DENYLIST = 1 << 1,
    CG_TOUCH_DENYLIST_ALONE = 1 << 2
};

/* Raises the version numbers; called by the functions that change something. */
CG_MUST_USE enum cg_status cg_registry_touch(struct cg_store *store, unsigned touched);

/* Settings of the whole registry. "base_url": "https://localhost:8443", an http or https URL
 * without query and final slash, and "mtls_base_url", where client certificates are asked for;
 * CG_ERR_INPUT otherwise. */
CG_MUST_USE enum cg_status cg_setting_get(struct cg_store *store, const char *name,
                                          struct cg_arena *arena, struct cg_span *ret_value);
CG_MUST_USE enum cg_status cg_setting_set(struct cg_store *store, const char *name,
                                          struct cg_span value);
/* Takes a setting back. CG_ERR_NOT_FOUND when there is none. */
CG_MUST_USE enum cg_status cg_setting_drop(struct cg_store *store, const char *name);

/* Called for each row of a list; stops at, and returns, what is not CG_OK. Row is the list's
 * struct. */
typedef enum cg_status (*cg_registry_visit)(void *context, const void *row);

/* A name of an API, an ODS code, a client id: well-formed? [A-Za-z0-9._-]{1,64}, [A-Z0-9]{3,10},
 * [a-z][a-z0-9]*(-[a-z0-9]+)* to 64. */
bool cg_registry_is_api_name(struct cg_span name);
bool cg_registry_is_ods(struct cg_span ods);
bool cg_registry_is_client_id(struct cg_span id);

#endif
