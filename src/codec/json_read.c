/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From text to values, in one pass and without recursion: "RFC 8259 §2" names the grammar that a
 * function follows. A zero stands behind the text, and the grammar has no place for one, so that no
 * look at the next byte needs a bound.
 */
#include "base/alloc.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/json_value.h"
#include "codec/utf8.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEX_DIGITS 4
#define HEX_BITS 4
/* RFC 3629 §3: where characters of two, three and four bytes begin, and what each byte carries. */
#define TWO_BYTES 0x80
#define THREE_BYTES 0x800
#define FOUR_BYTES 0x10000
#define TAIL_BITS 6
#define TAIL_MASK 0x3f
/* RFC 8259 §7: what is past the first plane is escaped as two surrogates of 10 bits each. */
#define SURROGATE_HIGH 0xd800
#define SURROGATE_LOW 0xdc00
#define SURROGATE_END 0xe000
#define SURROGATE_BITS 10
/* Up to so many names, each is compared with each; more are sorted first. */
#define FEW_NAMES 32

/*
 * Values wait in a stack, the children of an open container above it, and move to where they stay
 * once it is closed. There is room for all of them in either place.
 */
struct reading {
    struct cg_span text; /* the document's own copy, which strings are decoded in */
    uint8_t *bytes;      /* the same, to write to */
    size_t at;
    struct cg_json_value *placed; /* where the next that stays goes */
    struct cg_json_value *stack;
    size_t waiting;                   /* in the stack */
    size_t open[CG_LIMIT_JSON_DEPTH]; /* where in the stack the open containers are */
    size_t depth;
};

static void skip_space(struct reading *reading)
{
    uint8_t byte = reading->bytes[reading->at];
    while (byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t') {
        byte = reading->bytes[++reading->at];
    }
}

static bool take(struct reading *reading, uint8_t byte)
{
    if (reading->bytes[reading->at] != byte) {
        return false;
    }
    reading->at++;
    return true;
}

static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    uint8_t letter = (uint8_t)(digit | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* The four digits behind \u. */
static enum cg_status read_hex(struct reading *reading, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    for (int i = 0; i < HEX_DIGITS; i++) {
        int value = hex_value(reading->bytes[reading->at]);
        if (value < 0) {
            return CG_ERR_INPUT;
        }
        unit = unit << HEX_BITS | (uint32_t)value;
        reading->at++;
    }
    *ret_unit = unit;
    return CG_OK;
}

/* RFC 8259 §8.2: half a pair of surrogates is no character. Nor is a zero taken, which ends texts
 * elsewhere. */
static enum cg_status read_character(struct reading *reading, uint32_t *ret_character)
{
    uint32_t high;
    CG_TRY(read_hex(reading, &high));
    if (high < SURROGATE_HIGH || high >= SURROGATE_END) {
        *ret_character = high;
        return high != 0 ? CG_OK : CG_ERR_INPUT;
    }
    uint32_t low;
    if (high >= SURROGATE_LOW || !take(reading, '\\') || !take(reading, 'u')) {
        return CG_ERR_INPUT;
    }
    CG_TRY(read_hex(reading, &low));
    if (low < SURROGATE_LOW || low >= SURROGATE_END) {
        return CG_ERR_INPUT;
    }
    *ret_character =
        FOUR_BYTES + ((high - SURROGATE_HIGH) << SURROGATE_BITS | (low - SURROGATE_LOW));
    return CG_OK;
}

static uint8_t tail_of(uint32_t character, unsigned place)
{
    return (uint8_t)(0x80 | (character >> (place * TAIL_BITS) & TAIL_MASK));
}

/* Returns how many bytes it took: fewer than the escape had. */
static size_t put_character(uint8_t *bytes, uint32_t character)
{
    size_t len = 0;
    if (character < TWO_BYTES) {
        bytes[len++] = (uint8_t)character;
        return len;
    }
    if (character < THREE_BYTES) {
        bytes[len++] = (uint8_t)(0xc0 | character >> TAIL_BITS);
    } else if (character < FOUR_BYTES) {
        bytes[len++] = (uint8_t)(0xe0 | character >> (2 * TAIL_BITS));
        bytes[len++] = tail_of(character, 1);
    } else {
        bytes[len++] = (uint8_t)(0xf0 | character >> (3 * TAIL_BITS));
        bytes[len++] = tail_of(character, 2);
        bytes[len++] = tail_of(character, 1);
    }
    bytes[len++] = tail_of(character, 0);
    return len;
}

/* RFC 8259 §7: escape, the reading behind its backslash. */
static enum cg_status read_escape(struct reading *reading, size_t *end)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    uint8_t letter = reading->bytes[reading->at++];
    if (letter == 'u') {
        uint32_t character;
        CG_TRY(read_character(reading, &character));
        *end += put_character(reading->bytes + *end, character);
        return CG_OK;
    }
    const char *found = letter != 0 ? strchr(letters, letter) : NULL;
    if (found == NULL) {
        return CG_ERR_INPUT;
    }
    reading->bytes[(*end)++] = (uint8_t)meanings[found - letters];
    return CG_OK;
}

/* What stands for itself, from where the reading is: a run of it, or one character that is not
 * ASCII; 0 when something else comes. */
static size_t plain_length(const struct reading *reading)
{
    size_t run = cg_json_plain_run(reading->text, reading->at);
    bool is_other = run == 0 && reading->bytes[reading->at] >= TWO_BYTES;
    return is_other ? cg_utf8_length_at(reading->text, reading->at) : run;
}

/* RFC 8259 §7: string, decoded where it stands: that never makes it longer. */
static enum cg_status read_string(struct reading *reading, struct cg_span *ret_string)
{
    if (!take(reading, '"')) {
        return CG_ERR_INPUT;
    }
    size_t start = reading->at;
    size_t end = start;
    while (!take(reading, '"')) {
        size_t plain = plain_length(reading);
        if (plain > 0) {
            memmove(reading->bytes + end, reading->bytes + reading->at, plain);
            reading->at += plain;
            end += plain;
            continue;
        }
        if (!take(reading, '\\')) {
            return CG_ERR_INPUT;
        }
        CG_TRY(read_escape(reading, &end));
    }
    reading->bytes[end] = 0;
    *ret_string = cg_span_part(reading->text, start, end - start);
    return CG_OK;
}

static bool take_digits(struct reading *reading)
{
    size_t start = reading->at;
    while (reading->bytes[reading->at] >= '0' && reading->bytes[reading->at] <= '9') {
        reading->at++;
    }
    return reading->at > start;
}

/* RFC 8259 §6: number, past its end. */
static enum cg_status skip_number(struct reading *reading, bool *ret_is_integer)
{
    (void)take(reading, '-');
    if (!take(reading, '0') && !take_digits(reading)) {
        return CG_ERR_INPUT;
    }
    bool has_fraction = take(reading, '.');
    if (has_fraction && !take_digits(reading)) {
        return CG_ERR_INPUT;
    }
    bool has_exponent = take(reading, 'e') || take(reading, 'E');
    if (has_exponent) {
        (void)(take(reading, '+') || take(reading, '-'));
        if (!take_digits(reading)) {
            return CG_ERR_INPUT;
        }
    }
    *ret_is_integer = !has_fraction && !has_exponent;
    return CG_OK;
}

/* RFC 8259 §6 lets us limit the range: 64 bits, and what a double holds. Behind the number stands
 * what ends it for strtoll and strtod, too. */
static enum cg_status read_number(struct reading *reading, struct cg_json_value *value)
{
    bool is_integer = false;
    size_t start = reading->at;
    const char *text = (const char *)reading->bytes + start;
    CG_TRY(skip_number(reading, &is_integer));
    if (is_integer) {
        errno = 0;
        value->kind = CG_JSON_INTEGER;
        value->number = strtoll(text, NULL, 10);
        return errno == 0 ? CG_OK : CG_ERR_INPUT;
    }
    value->kind = CG_JSON_REAL;
    value->text = cg_span_part(reading->text, start, reading->at - start);
    return isfinite(strtod(text, NULL)) ? CG_OK : CG_ERR_INPUT;
}

/* RFC 8259 §3: false, null or true. */
static enum cg_status read_word(struct reading *reading, struct cg_json_value *value)
{
    static const struct {
        struct cg_span word;
        enum cg_json_kind kind;
    } words[] = {
        {CG_SPAN("null"), CG_JSON_NULL},
        {CG_SPAN("false"), CG_JSON_FALSE},
        {CG_SPAN("true"), CG_JSON_TRUE},
    };
    struct cg_span rest = cg_span_part(reading->text, reading->at, reading->text.len);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (cg_span_starts_with(rest, words[i].word)) {
            value->kind = words[i].kind;
            reading->at += words[i].word.len;
            return CG_OK;
        }
    }
    return CG_ERR_INPUT;
}

static enum cg_status open_container(struct reading *reading, enum cg_json_kind kind)
{
    if (reading->depth == CG_LIMIT_JSON_DEPTH) {
        return CG_ERR_INPUT;
    }
    reading->at++;
    reading->stack[reading->waiting - 1].kind = kind;
    reading->open[reading->depth++] = reading->waiting - 1;
    return CG_OK;
}

/* RFC 8259 §3: the value that was put on the stack last. A container is opened only. */
static enum cg_status read_value(struct reading *reading)
{
    struct cg_json_value *value = &reading->stack[reading->waiting - 1];
    switch (reading->bytes[reading->at]) {
    case '{': return open_container(reading, CG_JSON_OBJECT);
    case '[': return open_container(reading, CG_JSON_ARRAY);
    case '"': value->kind = CG_JSON_STRING; return read_string(reading, &value->text);
    case 'n':
    case 'f':
    case 't': return read_word(reading, value);
    default: return read_number(reading, value);
    }
}

static int compare_names(const void *a, const void *b)
{
    const struct cg_json_value *const *first = a;
    const struct cg_json_value *const *second = b;
    return cg_span_compare((*first)->name, (*second)->name);
}

CG_DEFINE_CLEANUP(memory_release_at, void *, cg_release)

static enum cg_status refuse_repeats_among_many(const struct cg_json_value *members, size_t count)
{
    CG_CLEANUP(memory_release_at) void *memory = NULL;
    CG_TRY(cg_alloc(count, sizeof(struct cg_json_value *), &memory));
    const struct cg_json_value **sorted = memory;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &members[i];
    }
    qsort(sorted, count, sizeof(sorted[0]), compare_names);
    for (size_t i = 1; i < count; i++) {
        if (cg_span_equal(sorted[i - 1]->name, sorted[i]->name)) {
            return CG_ERR_INPUT;
        }
    }
    return CG_OK;
}

/* RFC 8259 §4 leaves it to us what repeated names are: of two readers each might see another. */
static enum cg_status refuse_repeats(const struct cg_json_value *members, size_t count)
{
    if (count > FEW_NAMES) {
        return refuse_repeats_among_many(members, count);
    }
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (cg_span_equal(members[i].name, members[j].name)) {
                return CG_ERR_INPUT;
            }
        }
    }
    return CG_OK;
}

static enum cg_status close_container(struct reading *reading)
{
    size_t place = reading->open[--reading->depth];
    struct cg_json_value *container = &reading->stack[place];
    size_t count = reading->waiting - place - 1;
    memcpy(reading->placed, container + 1, count * sizeof(*container));
    container->children.first = reading->placed;
    container->children.count = count;
    reading->placed += count;
    reading->waiting = place + 1;
    reading->at++;
    return container->kind == CG_JSON_OBJECT ? refuse_repeats(container->children.first, count)
                                             : CG_OK;
}

/* RFC 8259 §4, §5: what comes next in the innermost container: another of its values, or its end.
 */
static enum cg_status read_next(struct reading *reading)
{
    size_t place = reading->open[reading->depth - 1];
    bool is_object = reading->stack[place].kind == CG_JSON_OBJECT;
    skip_space(reading);
    if (reading->bytes[reading->at] == (is_object ? '}' : ']')) {
        return close_container(reading);
    }
    if (reading->waiting > place + 1) {
        if (!take(reading, ',')) {
            return CG_ERR_INPUT;
        }
        skip_space(reading);
    }
    struct cg_json_value *value = &reading->stack[reading->waiting++];
    *value = (struct cg_json_value){.kind = CG_JSON_NULL};
    if (is_object) {
        CG_TRY(read_string(reading, &value->name));
        skip_space(reading);
        if (!take(reading, ':')) {
            return CG_ERR_INPUT;
        }
        skip_space(reading);
    }
    return read_value(reading);
}

/* RFC 8259 §2: JSON-text; of objects and arrays only, as jose and OAuth have no others. */
static enum cg_status read_document(struct reading *reading)
{
    reading->waiting = 1;
    skip_space(reading);
    if (reading->bytes[reading->at] != '{' && reading->bytes[reading->at] != '[') {
        return CG_ERR_INPUT;
    }
    CG_TRY(read_value(reading));
    while (reading->depth > 0) {
        CG_TRY(read_next(reading));
    }
    skip_space(reading);
    return reading->at == reading->text.len ? CG_OK : CG_ERR_INPUT;
}

/* Not fewer than there are: each but the root follows a comma or opens its container. */
static size_t count_values(struct cg_span text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        count += byte == ',' || byte == '[' || byte == '{';
    }
    return count;
}

enum cg_status cg_json_parse(struct cg_span text, size_t max_bytes, struct cg_json **ret_json)
{
    if (text.len > max_bytes || text.len > CG_LIMIT_JSON_BYTES) {
        return CG_ERR_LIMIT;
    }
    if (text.len == 0) {
        return CG_ERR_INPUT;
    }
    void *memory;
    size_t count = count_values(text);
    CG_TRY(cg_alloc(1, sizeof(struct cg_json), &memory));
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = memory;
    CG_TRY(cg_alloc(count, 2 * sizeof(struct cg_json_value), &memory));
    json->values = memory;
    CG_TRY(cg_alloc(text.len + 1, 1, &memory));
    json->text = memory;
    memcpy(json->text, text.data, text.len);
    struct reading reading = {
        .text = {json->text, text.len},
        .bytes = json->text,
        .placed = json->values,
        .stack = json->values + count,
    };
    CG_TRY(read_document(&reading));
    json->root = reading.stack[0];
    *ret_json = CG_STEAL(json);
    return CG_OK;
}

struct cg_json *cg_json_free(struct cg_json *json)
{
    if (json != NULL) {
        (void)cg_release(json->values);
        (void)cg_release(json->text);
    }
    return cg_release(json);
}
