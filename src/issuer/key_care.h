/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of upkeep: signing keys that change by themselves. */
#ifndef CG_ISSUER_KEY_CARE_H
#define CG_ISSUER_KEY_CARE_H

#include "issuer/slot.h"

/*
 * Announces the next key of each realm whose time has come, and destroys the private halves of keys
 * whose last token is over: each recorded before it is done, each once, however many slots and
 * nodes look. Goes round the realms once a minute, and when the registry changed: up to 64 of them
 * at a call, and one change, which costs a key. What fails at one realm keeps no other waiting, and
 * is tried again in the next round. CG_ERR_STORE when the store is away. Both stores are open.
 */
CG_MUST_USE enum cg_status cg_key_care(struct cg_issuer_slot *slot, int64_t now_s);

#endif
