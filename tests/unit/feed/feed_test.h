/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the feed share: keys for a desk's realm. */
#ifndef CG_TEST_FEED_H
#define CG_TEST_FEED_H

#include "../registry/desk.h"
#include "base/span.h"
#include "crypto/sealed.h"
#include "registry/signing_key.h"

#define FEED_TEST_BASE_URL "https://localhost:8443"

static const uint8_t feed_test_master_key[CG_SEALED_KEY_BYTES] = {1, 2, 3};

static inline struct cg_span feed_test_add_key(struct desk *desk, enum cg_key_start start,
                                               int64_t now_s)
{
    struct cg_signing_key_order order = {.realm = desk->realm,
                                         .alg = CG_SPAN("RS256"),
                                         .start = start,
                                         .master_key = feed_test_master_key,
                                         .random = &desk->random,
                                         .now_s = now_s};
    struct cg_span kid;
    assert_ok(cg_signing_key_create(desk->store, &order, desk->arena, NULL, &kid));
    return kid;
}

static inline void feed_test_set_base_url(struct desk *desk)
{
    assert_ok(cg_setting_set(desk->store, "base_url", CG_SPAN_OF(FEED_TEST_BASE_URL)));
}

#endif
