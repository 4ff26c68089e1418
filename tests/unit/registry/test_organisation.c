/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/organisation.h"

#include "base/span.h"
#include "desk.h"

static void organisation_is_found_as_it_was_added(void **state)
{
    struct desk *desk = *state;
    struct cg_registry_version before = desk_version(desk);
    desk_add_organisation(desk, "RX809");
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    struct cg_organisation found;
    assert_ok(
        cg_organisation_find(desk->store, desk->realm, CG_SPAN_OF("RX809"), desk->arena, &found));
    assert_span_equal(found.realm, desk->realm);
    assert_span_text(found.ods, "RX809");
    assert_span_text(found.name, "University Hospitals");
    assert_int_equal(found.created_s, DESK_NOW_S);
    size_t count = 0;
    assert_ok(cg_organisation_list(desk->store, desk->realm, desk->arena, desk_count, &count));
    assert_int_equal(count, 1);
}

static void organisation_that_cannot_be_is_refused(void **state)
{
    struct desk *desk = *state;
    desk_add_organisation(desk, "RYG");
    const struct {
        const char *label;
        struct cg_organisation organisation;
        enum cg_status status;
    } rows[] = {
        {"lower case", {desk->realm, CG_SPAN("ryg"), CG_SPAN("N"), DESK_NOW_S}, CG_ERR_INPUT},
        {"no name", {desk->realm, CG_SPAN("RX1"), {NULL, 0}, DESK_NOW_S}, CG_ERR_INPUT},
        {"control", {desk->realm, CG_SPAN("RX1"), CG_SPAN("a\tb"), DESK_NOW_S}, CG_ERR_INPUT},
        {"no time", {desk->realm, CG_SPAN("RX1"), CG_SPAN("N"), 0}, CG_ERR_INPUT},
        {"realm", {CG_SPAN("/none"), CG_SPAN("RX1"), CG_SPAN("N"), DESK_NOW_S}, CG_ERR_NOT_FOUND},
        {"taken", {desk->realm, CG_SPAN("RYG"), CG_SPAN("N"), DESK_NOW_S}, CG_ERR_CONFLICT},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_refused(desk, rows[i].label,
                       cg_organisation_add(desk->store, &rows[i].organisation, &desk->fault),
                       rows[i].status);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(organisation_is_found_as_it_was_added, desk_open_bare,
                                    desk_close),
    cmocka_unit_test_setup_teardown(organisation_that_cannot_be_is_refused, desk_open_bare,
                                    desk_close),
};
TEST_MAIN(tests)
