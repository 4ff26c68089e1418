/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gates of one machine share; the public part is in caregate/gate.h.
 */
#ifndef CG_GATE_SHARED_H
#define CG_GATE_SHARED_H

#include "gate/dpop_nonce.h"
#include "gate/replay.h"

#include <caregate/gate.h>

struct cg_gate_shared {
    uint8_t nonce_key[CG_DPOP_NONCE_KEY_BYTES];
    struct cg_replay *replay; /* behind this; workers are forked, so that it is there for all */
};

#endif
