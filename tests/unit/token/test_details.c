/* SPDX-License-Identifier: Apache-2.0 */
#include "token/details.h"

#include "base/span.h"
#include "test.h"

#define PLACE "https://api.example/documents"
#define TYPE "\"type\":\"caregate_documents\""
#define START "{" TYPE ",\"locations\":[\"" PLACE "\"]"
#define ARENA_BYTES ((size_t)65536)

static int open_arena(void **state)
{
    struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(ARENA_BYTES, &arena));
    *state = arena;
    return 0;
}

static int close_arena(void **state)
{
    *state = cg_arena_free(*state);
    return 0;
}

static void details_are_read_without_the_systems_of_their_codes(void **state)
{
    static const char text[] =
        "[" START ",\"actions\":[\"documents.read\",\"documents.write\"],"
        "\"document_types\":[\"http://snomed.info/sct|736253002\","
        "\"http://snomed.info/sct|861421000000109\"],"
        "\"organisations\":[\"https://fhir.nhs.uk/Id/ods-organization-code|RX809\"]}," START "}]";
    const char *wrong = NULL;
    struct cg_details_list list;
    assert_ok(cg_details_parse(test_span(text), *state, &wrong, &list));
    assert_int_equal(list.count, 2);
    assert_span_text(list.items[0].locations, PLACE);
    assert_span_text(list.items[0].actions, "documents.read documents.write");
    assert_span_text(list.items[0].document_types, "736253002 861421000000109");
    assert_span_text(list.items[0].organisations, "RX809");
    assert_int_equal(list.items[1].actions.len, 0);
    assert_int_equal(list.items[1].document_types.len, 0);
    assert_int_equal(list.items[1].organisations.len, 0);
}

static void details_are_written_as_they_are_read(void **state)
{
    static const char text[] =
        "[" START ",\"actions\":[\"a\",\"b\"],"
        "\"document_types\":[\"http://snomed.info/sct|736253002\"],"
        "\"organisations\":[\"https://fhir.nhs.uk/Id/ods-organization-code|RX809\","
        "\"https://fhir.nhs.uk/Id/ods-organization-code|Y51\"]}]";
    const char *wrong = NULL;
    struct cg_details_list list;
    struct cg_buf buf;
    struct cg_json_writer writer;
    struct cg_span written;
    assert_ok(cg_details_parse(test_span(text), *state, &wrong, &list));
    cg_buf_init_arena(&buf, *state, 4096);
    cg_json_begin(&writer, &buf);
    cg_json_open_array(&writer);
    cg_details_write(&list.items[0], &writer);
    cg_json_close_array(&writer);
    assert_ok(cg_buf_finish(&buf, &written));
    assert_span_text(written, text);
}

struct refusal {
    const char *label;
    const char *text;
    const char *hint; /* part of what it says is to be mended */
};

static void assert_refusals(struct cg_arena *arena, const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *wrong = NULL;
        struct cg_details_list list;
        cg_arena_clear(arena);
        assert_status_row(rows[i].label,
                          cg_details_parse(test_span(rows[i].text), arena, &wrong, &list),
                          CG_ERR_INPUT);
        if (wrong == NULL || strstr(wrong, rows[i].hint) == NULL) {
            fail_msg("%s: %s", rows[i].label, wrong);
        }
    }
}

/* RFC 9396 §5. */
static void details_that_are_not_of_the_type_are_refused(void **state)
{
    static const struct refusal rows[] = {
        {"empty", "", "one JSON array"},
        {"no JSON", "[{]", "one JSON array"},
        {"more behind", "[" START "}] x", "one JSON array"},
        {"a name twice", "[" START ",\"actions\":[\"a\"],\"actions\":[\"b\"]}]", "one JSON array"},
        {"type twice", "[{" TYPE "," TYPE ",\"locations\":[\"" PLACE "\"]}]", "one JSON array"},
        {"not UTF-8", "[" START ",\"actions\":[\"\xff\"]}]", "one JSON array"},
        {"too deep", "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", "one JSON array"},
        {"no array", START "}", "array of 1 to 32 objects"},
        {"number", "7", "one JSON array"},
        {"nothing in it", "[]", "array of 1 to 32 objects"},
        {"array in it", "[[]]", "objects of type"},
        {"null in it", "[null]", "objects of type"},
        {"empty object", "[{}]", "objects of type"},
        {"no type", "[{\"locations\":[\"" PLACE "\"]}]", "objects of type"},
        {"unknown type", "[{\"type\":\"payment\",\"locations\":[\"" PLACE "\"]}]",
         "objects of type"},
        {"type in other case", "[{\"type\":\"Caregate_documents\"}]", "objects of type"},
        {"type a number", "[{\"type\":1}]", "objects of type"},
        {"type with an end in it", "[{\"type\":\"caregate_documents\\u0000\"}]", "one JSON array"},
        {"unknown member", "[" START ",\"datatypes\":[\"a\"]}]", "leave out"},
        {"member in other case", "[" START ",\"Actions\":[\"a\"]}]", "leave out"},
    };
    assert_refusals(*state, rows, TEST_COUNT(rows));
}

static void details_with_a_malformed_list_are_refused(void **state)
{
    static const struct refusal rows[] = {
        {"no place", "[{" TYPE "}]", "send locations in each"},
        {"places empty", "[{" TYPE ",\"locations\":[]}]", "send locations as"},
        {"place a text", "[{" TYPE ",\"locations\":\"" PLACE "\"}]", "send locations as"},
        {"place empty", "[{" TYPE ",\"locations\":[\"\"]}]", "send locations as"},
        {"place with a space", "[{" TYPE ",\"locations\":[\"a b\"]}]", "send locations as"},
        {"place with a line end", "[{" TYPE ",\"locations\":[\"a\\r\\nb\"]}]", "send locations as"},
        {"place with a quote", "[{" TYPE ",\"locations\":[\"a\\\"b\"]}]", "send locations as"},
        {"place twice", "[{" TYPE ",\"locations\":[\"u:a\",\"u:a\"]}]", "send locations as"},
        {"no action", "[" START ",\"actions\":[]}]", "send actions as"},
        {"actions null", "[" START ",\"actions\":null}]", "send actions as"},
        {"actions an object", "[" START ",\"actions\":{\"a\":\"b\"}}]", "send actions as"},
        {"action a number", "[" START ",\"actions\":[1]}]", "send actions as"},
        {"two actions in one", "[" START ",\"actions\":[\"a b\"]}]", "send actions as"},
        {"action beyond ASCII", "[" START ",\"actions\":[\"\\u00e9\"]}]", "send actions as"},
        {"type of no system", "[" START ",\"document_types\":[\"736253002\"]}]",
         "send document_types as"},
        {"type of another system",
         "[" START ",\"document_types\":[\"http://loinc.org|736253002\"]}]",
         "send document_types as"},
        {"type's check digit",
         "[" START ",\"document_types\":[\"http://snomed.info/sct|736253003\"]}]",
         "send document_types as"},
        {"no type left", "[" START ",\"document_types\":[]}]", "send document_types as"},
        {"type with an empty code", "[" START ",\"document_types\":[\"http://snomed.info/sct|\"]}]",
         "send document_types as"},
        {"organisation in small letters",
         "[" START ",\"organisations\":[\"https://fhir.nhs.uk/Id/ods-organization-code|rx809\"]}]",
         "send organisations as"},
        {"organisation of no system", "[" START ",\"organisations\":[\"RX809\"]}]",
         "send organisations as"},
    };
    assert_refusals(*state, rows, TEST_COUNT(rows));
}

/* `count` times `item`, with commas, between `start` and `end`. */
static struct cg_span repeated(struct cg_arena *arena, const char *start, const char *item,
                               int count, const char *end)
{
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init_arena(&buf, arena, 16384);
    cg_buf_put_string(&buf, start);
    for (int i = 0; i < count; i++) {
        char one[256];
        (void)snprintf(one, sizeof(one), "%s%s%02d%s", i > 0 ? "," : "", item, i,
                       item[0] == '"' ? "\"" : "\"]}");
        cg_buf_put_string(&buf, one);
    }
    cg_buf_put_string(&buf, end);
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

static void details_are_bounded(void **state)
{
    static const char object[] = "{" TYPE ",\"locations\":[\"u:";
    static const char place[] = "\"u:";
    const struct {
        const char *label;
        struct cg_span text;
        enum cg_status status;
    } rows[] = {
        {"32 objects", repeated(*state, "[", object, CG_LIMIT_DETAILS, "]"), CG_OK},
        {"33 objects", repeated(*state, "[", object, CG_LIMIT_DETAILS + 1, "]"), CG_ERR_INPUT},
        {"32 places",
         repeated(*state, "[{" TYPE ",\"locations\":[", place, CG_LIMIT_DETAILS_VALUES, "]}]"),
         CG_OK},
        {"33 places",
         repeated(*state, "[{" TYPE ",\"locations\":[", place, CG_LIMIT_DETAILS_VALUES + 1, "]}]"),
         CG_ERR_INPUT},
    };
    const char *wrong = NULL;
    struct cg_details_list list;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_status_row(rows[i].label, cg_details_parse(rows[i].text, *state, &wrong, &list),
                          rows[i].status);
    }
    char longer[CG_LIMIT_DETAILS_BYTES + 1];
    memset(longer, ' ', sizeof(longer));
    memcpy(longer, "[" START "}]", sizeof("[" START "}]") - 1);
    assert_ok(
        cg_details_parse(cg_span_of_bytes(longer, sizeof(longer) - 1), *state, &wrong, &list));
    assert_status(cg_details_parse(cg_span_of_bytes(longer, sizeof(longer)), *state, &wrong, &list),
                  CG_ERR_INPUT);
}

#define WITH_ARENA(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)

static const struct CMUnitTest tests[] = {
    WITH_ARENA(details_are_read_without_the_systems_of_their_codes),
    WITH_ARENA(details_are_written_as_they_are_read),
    WITH_ARENA(details_that_are_not_of_the_type_are_refused),
    WITH_ARENA(details_with_a_malformed_list_are_refused),
    WITH_ARENA(details_are_bounded),
};
TEST_MAIN(tests)
