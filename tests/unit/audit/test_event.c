/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "audit/event.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"

#define ALL_FIELDS(value)                                                                          \
    .actor = (value), .realm = (value), .client_id = (value), .organisation = (value),             \
    .api = (value), .agreement = (value), .token_id = (value), .request_id = (value),              \
    .address = (value), .detail = (value)

static struct cg_span write(const struct cg_audit_event *event, struct cg_buf *buf)
{
    struct cg_span record;
    cg_buf_init(buf, CG_LIMIT_AUDIT_RECORD_BYTES);
    cg_audit_event_write(event, CG_SPAN_OF("node1/worker0"), 17, buf);
    assert_ok(cg_buf_finish(buf, &record));
    return record;
}

static const struct {
    const char *label;
    struct cg_audit_event event;
    const char *record;
} golden[] = {
    {"token issued",
     {.kind = CG_AUDIT_TOKEN_ISSUED,
      .time_s = 1767225600,
      .count = 1,
      .actor = CG_SPAN("ward-system"),
      .realm = CG_SPAN("/vlive/hpca"),
      .client_id = CG_SPAN("ward-system"),
      .organisation = CG_SPAN("RX1"),
      .api = CG_SPAN("documents observations"),
      .agreement = CG_SPAN("agr-1 agr-2"),
      .token_id = CG_SPAN("jti-1"),
      .request_id = CG_SPAN("req-1"),
      .address = CG_SPAN("2001:db8::1")},
     "{\"writer\":\"node1/worker0\",\"number\":17,\"time\":1767225600,\"kind\":\"token_issued\","
     "\"actor\":\"ward-system\",\"realm\":\"/vlive/hpca\",\"client_id\":\"ward-system\","
     "\"organisation\":\"RX1\",\"api\":\"documents observations\","
     "\"agreement\":\"agr-1 agr-2\",\"token_id\":\"jti-1\",\"request_id\":\"req-1\","
     "\"address\":\"2001:db8::1\"}"},
    {"summary of refusals",
     {.kind = CG_AUDIT_ACCESS_REFUSED,
      .reason = CG_REASON_TOKEN_EXPIRED,
      .time_s = 0,
      .count = 40,
      .actor = CG_SPAN("gate")},
     "{\"writer\":\"node1/worker0\",\"number\":17,\"time\":0,\"kind\":\"access_refused\","
     "\"reason\":\"token_expired\",\"count\":40,\"actor\":\"gate\"}"},
    {"nothing but a kind",
     {.kind = CG_AUDIT_PRUNED, .time_s = 1},
     "{\"writer\":\"node1/worker0\",\"number\":17,\"time\":1,\"kind\":\"pruned\"}"},
    {"hostile values",
     {.kind = CG_AUDIT_CLIENT_ADDED,
      .time_s = 1,
      .actor = CG_SPAN("a\r\nb"),
      .client_id = CG_SPAN("\",\"kind\":\"token_issued\"}"),
      .detail = CG_SPAN("na\xc3\xafve \\ \xff!")},
     "{\"writer\":\"node1/worker0\",\"number\":17,\"time\":1,\"kind\":\"client_added\","
     "\"actor\":\"a\\r\\nb\",\"client_id\":\"\\\",\\\"kind\\\":\\\"token_issued\\\"}\","
     "\"detail\":\"na\xc3\xafve \\\\ \xef\xbf\xbd!\"}"},
};

TEST(event_record_is_these_bytes)
{
    for (size_t i = 0; i < TEST_COUNT(golden); i++) {
        struct cg_buf buf;
        assert_span_text_row(golden[i].label, write(&golden[i].event, &buf), golden[i].record);
        cg_buf_release(&buf);
    }
}

TEST(event_record_starts_as_told)
{
    struct cg_audit_event event = {.kind = CG_AUDIT_PRUNED, .time_s = 99};
    struct cg_buf buf;
    struct cg_buf start;
    struct cg_span prefix;
    struct cg_span record = write(&event, &buf);
    cg_buf_init(&start, CG_LIMIT_AUDIT_RECORD_BYTES);
    cg_audit_event_write_start(CG_SPAN_OF("node1/worker0"), 17, 99, &start);
    assert_ok(cg_buf_finish(&start, &prefix));
    assert_true(cg_span_starts_with(record, prefix));
    assert_span_text(cg_span_part(record, prefix.len, record.len), "pruned\"}");
    cg_buf_release(&start);
    cg_buf_release(&buf);
}

/* A value of that many repetitions of a text. */
static struct cg_span repeated(const char *text, size_t count, uint8_t *memory, size_t max)
{
    size_t len = strlen(text);
    assert_true(len * count <= max);
    for (size_t i = 0; i < count; i++) {
        memcpy(memory + i * len, text, len);
    }
    return cg_span_of_bytes(memory, len * count);
}

TEST(event_record_keeps_its_limit_whatever_the_values)
{
    static const char *const texts[] = {
        "x",    "\x01",         "\"",          "\\",           "\xff",
        "\x7f", "\n",           "\xc3\xaf",    "\xe2\x82\xac", "\xf0\x9f\x99\x82",
        "/",    "\xed\xa0\x80", "\xe2\x80\xa8"};
    static uint8_t memory[16000];
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        struct cg_span value = repeated(texts[i], 4000, memory, sizeof(memory));
        struct cg_audit_event event = {.kind = CG_AUDIT_AGREEMENT_REQUESTED,
                                       .reason = CG_REASON_CLIENT_AUTHENTICATION_FAILED,
                                       .time_s = INT64_MAX,
                                       .count = INT64_MAX,
                                       ALL_FIELDS(value)};
        struct cg_buf buf;
        struct cg_span record;
        struct cg_json *json = NULL;
        cg_buf_init(&buf, CG_LIMIT_AUDIT_RECORD_BYTES);
        cg_audit_event_write(&event, repeated("w", CG_LIMIT_WRITER_BYTES, (uint8_t[64]){0}, 64),
                             INT64_MAX, &buf);
        assert_status_row(texts[i], cg_buf_finish(&buf, &record), CG_OK);
        assert_status_row(texts[i], cg_json_parse(record, record.len, &json), CG_OK);
        (void)cg_json_free(json);
        cg_buf_release(&buf);
    }
}

#define LIMIT CG_LIMIT_AUDIT_DETAIL_BYTES
_Static_assert(LIMIT % 3 != 0, "a character of three bytes stands across the limit");

static const struct {
    const char *label;
    const char *unit;
    size_t count;
    size_t kept; /* of the detail, units */
} cuts[] = {
    {"as long as the limit", "x", LIMIT, LIMIT},
    {"one byte too long", "x", LIMIT + 1, LIMIT},
    {"two-byte characters", "\xc3\xaf", LIMIT / 2 + 1, LIMIT / 2},
    {"three-byte characters are not broken", "\xe2\x82\xac", LIMIT / 3 + 1, LIMIT / 3},
    {"four-byte characters", "\xf0\x9f\x99\x82", LIMIT / 4 + 1, LIMIT / 4},
    {"escapes count", "\"", LIMIT, LIMIT / 2},
};

TEST(event_field_is_cut_at_its_limit_between_characters)
{
    static uint8_t memory[1024];
    for (size_t i = 0; i < TEST_COUNT(cuts); i++) {
        struct cg_audit_event event = {
            .kind = CG_AUDIT_PRUNED,
            .detail = repeated(cuts[i].unit, cuts[i].count, memory, sizeof(memory))};
        struct cg_buf buf;
        struct cg_json *json = NULL;
        struct cg_span detail;
        struct cg_span record = write(&event, &buf);
        assert_ok(cg_json_parse(record, record.len, &json));
        assert_ok(cg_json_member_string(cg_json_root(json), "detail", &detail));
        assert_span_equal_row(cuts[i].label, detail,
                              cg_span_part(event.detail, 0, strlen(cuts[i].unit) * cuts[i].kept));
        (void)cg_json_free(json);
        cg_buf_release(&buf);
    }
}

TEST(event_kinds_have_distinct_names_and_a_text)
{
    for (int i = 0; i < CG_AUDIT_KIND_COUNT; i++) {
        enum cg_audit_kind kind = CG_AUDIT_KIND_COUNT;
        const char *name = cg_audit_kind_name((enum cg_audit_kind)i);
        assert_ok(cg_audit_kind_find(test_span(name), &kind));
        assert_int_equal(kind, i);
        assert_true(strlen(cg_audit_kind_text(kind)) > 10);
    }
    enum cg_audit_kind kind = CG_AUDIT_PRUNED;
    assert_status(cg_audit_kind_find(CG_SPAN_OF("none"), &kind), CG_ERR_NOT_FOUND);
    assert_int_equal(kind, CG_AUDIT_PRUNED);
    assert_string_equal(cg_audit_kind_name(CG_AUDIT_KIND_COUNT), "unknown");
    assert_string_equal(cg_audit_kind_text(CG_AUDIT_KIND_COUNT), "");
}

TEST(event_write_sticks_when_the_buffer_is_too_small)
{
    struct cg_audit_event event = {.kind = CG_AUDIT_PRUNED};
    struct cg_buf buf;
    struct cg_span record;
    cg_buf_init(&buf, 20);
    cg_audit_event_write(&event, CG_SPAN_OF("w"), 1, &buf);
    assert_status(cg_buf_finish(&buf, &record), CG_ERR_LIMIT);
    cg_buf_release(&buf);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(event_record_is_these_bytes),
    cmocka_unit_test(event_record_starts_as_told),
    cmocka_unit_test(event_record_keeps_its_limit_whatever_the_values),
    cmocka_unit_test(event_field_is_cut_at_its_limit_between_characters),
    cmocka_unit_test(event_kinds_have_distinct_names_and_a_text),
    cmocka_unit_test(event_write_sticks_when_the_buffer_is_too_small),
};
TEST_MAIN(tests)
