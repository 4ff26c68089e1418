/* SPDX-License-Identifier: Apache-2.0 */
#include "token/gate_bundle.h"

#include "base/limits.h"
#include "codec/base64url.h"
#include "sample.h"

#define HEADER "{\"alg\":\"RS256\",\"typ\":\"caregate-gate-bundle\",\"kid\":\"live\"}"
#define ARENA_BYTES (4 * (size_t)CG_LIMIT_BUNDLE_BYTES)

static int setup(void **state)
{
    (void)sample_setup(state);
    struct sample *sample = *state;
    sample->data.realm_count = 1;
    return 0;
}

static struct cg_span bundle_by(const struct sample *sample, int key, const char *header)
{
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    struct cg_span compact =
        sample_sign(sample, key, test_span(header), cg_snapshot_text(snapshot));
    (void)cg_snapshot_free(snapshot);
    return compact;
}

static struct cg_span bundle(const struct sample *sample)
{
    return bundle_by(sample, SAMPLE_LIVE, HEADER);
}

static enum cg_status open_with(const struct cg_key_ring *keys, struct cg_span compact,
                                struct cg_snapshot **ret_snapshot)
{
    struct cg_gate_bundle_trust trust = {CG_SPAN(SAMPLE_ISSUER), keys};
    struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(ARENA_BYTES, &arena));
    enum cg_status status = cg_gate_bundle_open(&trust, compact, arena, ret_snapshot);
    (void)cg_arena_free(arena);
    return status;
}

/* By the keys of the live realm as the sample has it. */
static enum cg_status open_it(const struct sample *sample, struct cg_span compact)
{
    struct cg_snapshot *trusted = sample_snapshot(sample);
    struct cg_snapshot *snapshot = NULL;
    enum cg_status status =
        open_with(cg_snapshot_realm_keys(cg_snapshot_find_realm(trusted, test_span(SAMPLE_REALM))),
                  compact, &snapshot);
    assert_int_equal(status == CG_OK, snapshot != NULL);
    (void)cg_snapshot_free(snapshot);
    (void)cg_snapshot_free(trusted);
    return status;
}

static void bundle_opens_to_the_snapshot_that_was_signed(void **state)
{
    const struct sample *sample = *state;
    struct cg_snapshot *made = sample_snapshot(sample);
    struct cg_snapshot *opened = NULL;
    assert_ok(
        open_with(cg_snapshot_realm_keys(cg_snapshot_only_realm(made)), bundle(sample), &opened));
    assert_span_equal(cg_snapshot_text(opened), cg_snapshot_text(made));
    (void)cg_snapshot_free(opened);
    assert_ok(open_with(NULL, bundle(sample), &opened));
    assert_span_equal(cg_snapshot_text(opened), cg_snapshot_text(made));
    (void)cg_snapshot_free(opened);
    (void)cg_snapshot_free(made);
}

static void bundle_is_refused_for_what_is_wrong_with_it(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token claims = sample_claims();
    const struct {
        const char *label;
        struct cg_span compact;
        enum cg_status want;
    } rows[] = {
        {"as it was made", bundle(sample), CG_OK},
        {"another's key under a known name", bundle_by(sample, SAMPLE_TEST, HEADER),
         CG_ERR_AUTHENTICATION},
        {"a key that nobody knows",
         bundle_by(sample, SAMPLE_LIVE,
                   "{\"alg\":\"RS256\",\"typ\":\"caregate-gate-bundle\",\"kid\":\"new\"}"),
         CG_ERR_NOT_FOUND},
        {"no key named",
         bundle_by(sample, SAMPLE_LIVE, "{\"alg\":\"RS256\",\"typ\":\"caregate-gate-bundle\"}"),
         CG_ERR_NOT_FOUND},
        {"the type of a token",
         bundle_by(sample, SAMPLE_LIVE, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"live\"}"),
         CG_ERR_AUTHENTICATION},
        {"no type", bundle_by(sample, SAMPLE_LIVE, "{\"alg\":\"RS256\",\"kid\":\"live\"}"),
         CG_ERR_AUTHENTICATION},
        {"no algorithm",
         bundle_by(sample, SAMPLE_LIVE,
                   "{\"alg\":\"none\",\"typ\":\"caregate-gate-bundle\",\"kid\":\"live\"}"),
         CG_ERR_AUTHENTICATION},
        {"another algorithm",
         bundle_by(sample, SAMPLE_LIVE,
                   "{\"alg\":\"PS256\",\"typ\":\"caregate-gate-bundle\",\"kid\":\"live\"}"),
         CG_ERR_AUTHENTICATION},
        {"an extension",
         bundle_by(sample, SAMPLE_LIVE,
                   "{\"alg\":\"RS256\",\"typ\":\"caregate-gate-bundle\",\"kid\":\"live\","
                   "\"crit\":[\"exp\"]}"),
         CG_ERR_INPUT},
        {"a token of the realm", sample_token(sample, &claims), CG_ERR_AUTHENTICATION},
        {"signed, but no snapshot",
         sample_sign(sample, SAMPLE_LIVE, test_span(HEADER), CG_SPAN_OF("{}")), CG_ERR_INPUT},
        {"nothing", CG_SPAN_OF(""), CG_ERR_INPUT},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_status_row(rows[i].label, open_it(sample, rows[i].compact), rows[i].want);
    }
}

static void bundle_of_another_issuer_or_of_several_realms_is_refused(void **state)
{
    struct sample *sample = *state;
    sample->data.realm_count = 2;
    assert_status(open_it(sample, bundle(sample)), CG_ERR_INPUT);
    sample->data.realm_count = 1;
    struct cg_span before = bundle(sample);
    assert_ok(open_it(sample, before));
    sample->realms[SAMPLE_LIVE].issuer = CG_SPAN_OF("https://care.example/vlive/hpca/");
    assert_status(open_it(sample, bundle(sample)), CG_ERR_INPUT);
    sample->data.realm_count = 0;
    struct cg_snapshot *snapshot = NULL;
    assert_status(open_with(NULL, bundle(sample), &snapshot), CG_ERR_INPUT);
    sample->data.realm_count = 1;
    sample->realms[SAMPLE_LIVE].issuer = CG_SPAN_OF(SAMPLE_ISSUER);
}

static void bundle_in_which_one_character_changed_is_refused(void **state)
{
    const struct sample *sample = *state;
    struct cg_span compact = bundle(sample);
    struct cg_span copy;
    assert_ok(cg_arena_copy(sample->arena, compact, &copy));
    size_t payload = cg_span_find(copy, '.', 0) + 1;
    uint8_t *bytes = (uint8_t *)(uintptr_t)copy.data;
    for (size_t i = payload; i < payload + 40; i++) {
        uint8_t kept = bytes[i];
        bytes[i] = kept == 'A' ? 'B' : 'A';
        assert_status(open_it(sample, copy), kept == bytes[i] ? CG_OK : CG_ERR_AUTHENTICATION);
        bytes[i] = kept;
    }
}

static void bundle_that_is_longer_than_any_is_refused_unread(void **state)
{
    const struct sample *sample = *state;
    uint8_t *bytes = calloc(1, CG_LIMIT_BUNDLE_BYTES + 1);
    assert_non_null(bytes);
    struct cg_span compact = bundle(sample);
    memset(bytes, 'A', CG_LIMIT_BUNDLE_BYTES + 1);
    memcpy(bytes, compact.data, compact.len);
    assert_status(open_it(sample, (struct cg_span){bytes, CG_LIMIT_BUNDLE_BYTES + 1}),
                  CG_ERR_INPUT);
    free(bytes);
}

static bool is_older(struct cg_snapshot_data a, struct cg_snapshot_data b)
{
    struct cg_snapshot *first = NULL;
    struct cg_snapshot *second = NULL;
    assert_ok(cg_snapshot_new(&a, &first));
    assert_ok(cg_snapshot_new(&b, &second));
    bool older = cg_gate_bundle_is_older(first, second);
    (void)cg_snapshot_free(first);
    (void)cg_snapshot_free(second);
    return older;
}

static void order_is_by_what_changed_then_by_when_it_was_made(void **state)
{
    const struct sample *sample = *state;
    struct cg_snapshot_data base = sample->data;
    struct cg_snapshot_data changed = base;
    changed.version++;
    changed.made_s -= 100;
    assert_true(is_older(base, changed));
    assert_false(is_older(changed, base));
    struct cg_snapshot_data denied = base;
    denied.denylist_generation++;
    assert_true(is_older(base, denied));
    struct cg_snapshot_data later = base;
    later.made_s++;
    assert_true(is_older(base, later));
    assert_false(is_older(later, base));
    assert_false(is_older(base, base));
}

static void tag_tells_rules_and_keys_apart_and_not_when_they_were_made(void **state)
{
    struct sample *sample = *state;
    char tags[4][CG_GATE_BUNDLE_TAG_BYTES];
    for (int i = 0; i < 4; i++) {
        struct cg_snapshot *snapshot = NULL;
        struct cg_snapshot_data data = sample->data;
        data.made_s += i == 1 ? 60 : 0;
        data.version += i == 2 ? 1 : 0;
        data.keys_generation += i == 3 ? 1 : 0;
        assert_ok(cg_snapshot_new(&data, &snapshot));
        cg_gate_bundle_tag(snapshot, tags[i]);
        (void)cg_snapshot_free(snapshot);
    }
    assert_string_equal(tags[0], "2-1");
    assert_string_equal(tags[1], tags[0]);
    assert_string_equal(tags[2], "3-1");
    assert_string_equal(tags[3], "2-2");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bundle_opens_to_the_snapshot_that_was_signed),
    cmocka_unit_test(bundle_is_refused_for_what_is_wrong_with_it),
    cmocka_unit_test(bundle_of_another_issuer_or_of_several_realms_is_refused),
    cmocka_unit_test(bundle_in_which_one_character_changed_is_refused),
    cmocka_unit_test(bundle_that_is_longer_than_any_is_refused_unread),
    cmocka_unit_test(order_is_by_what_changed_then_by_when_it_was_made),
    cmocka_unit_test(tag_tells_rules_and_keys_apart_and_not_when_they_were_made),
};

TEST_MAIN_WITH(tests, setup, sample_teardown)
