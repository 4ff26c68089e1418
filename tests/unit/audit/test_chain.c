/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "audit/chain.h"
#include "base/span.h"

/*
 * Computed with Python's hashlib:
 *     h0 = sha256(b"node1/worker0").digest(); h1 = sha256(h0 + b"first").digest();
 *     h2 = sha256(h1 + b"second").digest()
 */
static const char *const hashes[] = {
    "33238e1b9748dddf281329f90257ab895705d9df8e2126a2668ed39646226278",
    "72b0ced58c86c831151eb403547121192419c542fdd37b741ae672f4d806d9a6",
    "3449b13320865798acdd9566f3607bd85acf2dbf2c82b921f6bf88ceee7e92f1",
};

static void assert_head(const struct cg_audit_head *head, int64_t number)
{
    char text[2 * CG_SHA256_BYTES + 1];
    for (size_t i = 0; i < CG_SHA256_BYTES; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", head->hash[i]);
    }
    assert_int_equal(head->number, number);
    assert_string_equal(text, hashes[number]);
}

TEST(chain_hashes_the_hash_before_and_the_record)
{
    struct cg_audit_head head = {.number = 99};
    assert_ok(cg_audit_chain_start(CG_SPAN_OF("node1/worker0"), &head));
    assert_head(&head, 0);
    assert_ok(cg_audit_chain_next(&head, CG_SPAN_OF("first")));
    assert_head(&head, 1);
    assert_ok(cg_audit_chain_next(&head, CG_SPAN_OF("second")));
    assert_head(&head, 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(chain_hashes_the_hash_before_and_the_record),
};
TEST_MAIN(tests)
