/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of a key fetcher, for the slots that ask it.
 */
#ifndef CG_ISSUER_KEY_FETCHER_H
#define CG_ISSUER_KEY_FETCHER_H

#include "net/remote.h"

#include <caregate/key_fetcher.h>

struct cg_key_fetcher {
    struct cg_remote *remote;
};

#endif
