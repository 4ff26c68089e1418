/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/fhir_search.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/form.h"
#include "codec/percent.h"
#include "token/fhir_type.h"
#include "token/smart.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NAME_MAX_BYTES 256
#define VALUE_MAX_BYTES 1024

/* What a parameter does to what is reached. */
enum kind {
    SHAPES,    /* the answer's form; reaches nothing */
    SELECTS,   /* by what the resource itself has */
    INCLUDES,  /* resources that it refers to */
    REVERSES,  /* and those that refer to it */
    HAS,       /* is selected by what refers to it */
    TYPES,     /* the types that are searched */
    LISTS,     /* is selected by what is in a List */
    CONTAINS,  /* answers with what another resource holds */
    SORTS,     /* could reach along a chain */
    CONTINUES, /* with an earlier search, whatever it was */
    EXCEEDS,   /* stores something, or says what nobody here can read */
};

#define EVERYWHERE                                                                                 \
    (CG_FHIR_ASKED_RESOURCE | CG_FHIR_ASKED_CAPABILITIES | CG_FHIR_ASKED_HISTORY | SEARCHES |      \
     CG_FHIR_ASKED_CONDITION | CG_FHIR_ASKED_OPERATION | CG_FHIR_ASKED_EXPORT)
#define SEARCHES (CG_FHIR_ASKED_TYPE | CG_FHIR_ASKED_SYSTEM)
#define SELECTIONS (SEARCHES | CG_FHIR_ASKED_CONDITION)

/*
 * R4 search §3.1.1 and http §3.1.0.1.8: the parameters that are no element's, and those of others'
 * paging that stand behind a base. Of the same name the row counts that knows where it is asked.
 */
static const struct {
    struct cg_span name;
    unsigned asked;
    enum kind kind;
} parameters_known[] = {
    {CG_SPAN("_format"), EVERYWHERE, SHAPES},
    {CG_SPAN("_pretty"), EVERYWHERE, SHAPES},
    {CG_SPAN("_summary"), EVERYWHERE, SHAPES},
    {CG_SPAN("_elements"), EVERYWHERE, SHAPES},
    {CG_SPAN("mode"), CG_FHIR_ASKED_CAPABILITIES, SHAPES},
    {CG_SPAN("_count"), SEARCHES | CG_FHIR_ASKED_HISTORY | CG_FHIR_ASKED_OPERATION, SHAPES},
    {CG_SPAN("_since"), CG_FHIR_ASKED_HISTORY | CG_FHIR_ASKED_OPERATION | CG_FHIR_ASKED_EXPORT,
     SHAPES},
    {CG_SPAN("_at"), CG_FHIR_ASKED_HISTORY, SHAPES},
    {CG_SPAN("_list"), SELECTIONS | CG_FHIR_ASKED_HISTORY, LISTS},
    {CG_SPAN("_id"), SELECTIONS, SELECTS},
    {CG_SPAN("_lastUpdated"), SELECTIONS, SELECTS},
    {CG_SPAN("_tag"), SELECTIONS, SELECTS},
    {CG_SPAN("_profile"), SELECTIONS, SELECTS},
    {CG_SPAN("_security"), SELECTIONS, SELECTS},
    {CG_SPAN("_source"), SELECTIONS, SELECTS},
    {CG_SPAN("_text"), SELECTIONS, SELECTS},
    {CG_SPAN("_content"), SELECTIONS, SELECTS},
    {CG_SPAN("_has"), SELECTIONS, HAS},
    {CG_SPAN("_sort"), SEARCHES, SORTS},
    {CG_SPAN("_total"), SEARCHES, SHAPES},
    {CG_SPAN("_include"), SEARCHES, INCLUDES},
    {CG_SPAN("_revinclude"), SEARCHES, REVERSES},
    {CG_SPAN("_contained"), SEARCHES, CONTAINS},
    {CG_SPAN("_containedType"), SEARCHES, SHAPES},
    {CG_SPAN("_type"), CG_FHIR_ASKED_SYSTEM | CG_FHIR_ASKED_EXPORT, TYPES},
    {CG_SPAN("_type"), CG_FHIR_ASKED_OPERATION, SHAPES},
    {CG_SPAN("_outputFormat"), CG_FHIR_ASKED_EXPORT, SHAPES},
    {CG_SPAN("_typeFilter"), CG_FHIR_ASKED_EXPORT, CONTINUES},
    {CG_SPAN("includeAssociatedData"), CG_FHIR_ASKED_EXPORT, CONTINUES},
    {CG_SPAN("patient"), CG_FHIR_ASKED_EXPORT, SHAPES},
    {CG_SPAN("_getpages"), CG_FHIR_ASKED_SYSTEM, CONTINUES},
    {CG_SPAN("_getpagesoffset"), CG_FHIR_ASKED_SYSTEM, CONTINUES},
    {CG_SPAN("_pageId"), CG_FHIR_ASKED_SYSTEM, CONTINUES},
    {CG_SPAN("_bundletype"), CG_FHIR_ASKED_SYSTEM, CONTINUES},
    {CG_SPAN("persist"), CG_FHIR_ASKED_OPERATION, EXCEEDS},
};

/* R4 search §3.1.1.5.4. What a value set holds is asked of the value set. */
static const struct {
    struct cg_span name;
    bool asks_value_set;
} modifiers[] = {
    {CG_SPAN("missing"), false}, {CG_SPAN("exact"), false},      {CG_SPAN("contains"), false},
    {CG_SPAN("text"), false},    {CG_SPAN("not"), false},        {CG_SPAN("above"), false},
    {CG_SPAN("below"), false},   {CG_SPAN("in"), true},          {CG_SPAN("not-in"), true},
    {CG_SPAN("of-type"), false}, {CG_SPAN("identifier"), false},
};

static const struct cg_span any_type = CG_SPAN("*");

/* One query on its way. */
struct reading {
    enum cg_fhir_asked asked;
    unsigned type_letters;
    struct cg_fhir_needs *needs;
    struct cg_fhir_parameters *parameters;
};

/* One parameter; its value as sent. */
struct parameter {
    struct cg_span name; /* up to what follows it */
    struct cg_span rest; /* what follows the name: "", ":exact", ".name" */
    struct cg_span value;
};

static enum cg_status need(const struct reading *reading, struct cg_span type, unsigned letters)
{
    const struct cg_fhir_need added = {.type = type, .letters = letters};
    return cg_fhir_need_add(reading->needs, &added);
}

/* Takes ":word" or ".word" off the front. */
static enum cg_status take_word(struct cg_span *rest, uint8_t mark, struct cg_span *ret_word)
{
    if (rest->len == 0 || rest->data[0] != mark) {
        return CG_ERR_INPUT;
    }
    size_t end = 1;
    while (end < rest->len && rest->data[end] != ':' && rest->data[end] != '.') {
        end++;
    }
    struct cg_span word = cg_span_part(*rest, 1, end - 1);
    if (!cg_fhir_is_word(word)) {
        return CG_ERR_INPUT;
    }
    *rest = cg_span_part(*rest, end, rest->len);
    *ret_word = word;
    return CG_OK;
}

static enum cg_status take_type(struct cg_span *rest, struct cg_span *ret_type)
{
    struct cg_span word = {NULL, 0};
    CG_TRY(take_word(rest, ':', &word));
    return cg_fhir_type_find(word, ret_type) ? CG_OK : CG_ERR_INPUT;
}

/* ":exact" at the end of a name. */
static enum cg_status read_modifier(const struct reading *reading, struct cg_span word)
{
    for (size_t i = 0; i < COUNT(modifiers); i++) {
        if (cg_span_equal(modifiers[i].name, word)) {
            return modifiers[i].asks_value_set
                       ? need(reading, CG_SPAN_OF("ValueSet"), CG_SMART_READ)
                       : CG_OK;
        }
    }
    return CG_ERR_INPUT;
}

/* R4 search §3.1.1.4.4: ":Type:reference" of _has, before the parameter of that type. */
static enum cg_status read_has(const struct reading *reading, struct cg_span *rest)
{
    struct cg_span type = {NULL, 0};
    struct cg_span reference = {NULL, 0};
    CG_TRY(take_type(rest, &type));
    CG_TRY(take_word(rest, ':', &reference));
    return need(reading, type, CG_SMART_READ);
}

/* The common parameters that may end a chain. */
static bool may_end(struct cg_span word)
{
    if (word.data[0] != '_') {
        return true;
    }
    for (size_t i = 0; i < COUNT(parameters_known); i++) {
        if (parameters_known[i].kind == SELECTS && cg_span_equal(parameters_known[i].name, word)) {
            return true;
        }
    }
    return false;
}

/*
 * Takes one link of a chain off the front of what follows a name: ".name", ":Type.name", and behind
 * either "_has:Type:reference:name" (R4 search §3.1.1.4.3). Where no type is said, the reference
 * may lead to any.
 */
static enum cg_status read_link(const struct reading *reading, struct cg_span target,
                                struct cg_span *rest)
{
    struct cg_span word = {NULL, 0};
    CG_TRY(need(reading, target, CG_SMART_READ));
    CG_TRY(take_word(rest, '.', &word));
    while (cg_span_equal_string(word, "_has")) {
        CG_TRY(read_has(reading, rest));
        CG_TRY(take_word(rest, ':', &word));
    }
    return may_end(word) ? CG_OK : CG_ERR_INPUT;
}

/* What follows the name of an element's parameter. */
static enum cg_status read_rest(const struct reading *reading, struct cg_span rest)
{
    while (rest.len > 0) {
        struct cg_span word = {NULL, 0};
        struct cg_span target = any_type;
        if (rest.data[0] == '.') {
            CG_TRY(read_link(reading, target, &rest));
            continue;
        }
        CG_TRY(take_word(&rest, ':', &word));
        bool is_type = cg_fhir_type_find(word, &target);
        if (rest.len == 0) {
            /* "subject:Patient=1" says of what type the reference is, and reads nothing of it. */
            return is_type ? CG_OK : read_modifier(reading, word);
        }
        if (!is_type) {
            return CG_ERR_INPUT;
        }
        CG_TRY(read_link(reading, target, &rest));
    }
    return CG_OK;
}

static enum cg_status read_selection(const struct reading *reading,
                                     const struct parameter *parameter)
{
    /* An empty value may count for none: a condition would hold for all that there is. */
    if (reading->asked == CG_FHIR_ASKED_CONDITION && parameter->value.len == 0) {
        return CG_ERR_INPUT;
    }
    reading->parameters->count++;
    return read_rest(reading, parameter->rest);
}

static enum cg_status read_has_parameter(const struct reading *reading,
                                         const struct parameter *parameter)
{
    struct parameter inner = *parameter;
    struct cg_span word = CG_SPAN("_has");
    while (cg_span_equal_string(word, "_has")) {
        CG_TRY(read_has(reading, &inner.rest));
        CG_TRY(take_word(&inner.rest, ':', &word));
    }
    return may_end(word) ? read_selection(reading, &inner) : CG_ERR_INPUT;
}

static enum cg_status decode_value(const struct parameter *parameter,
                                   uint8_t room[static VALUE_MAX_BYTES], struct cg_span *ret_value)
{
    return cg_form_decode_into(parameter->value, room, VALUE_MAX_BYTES, ret_value) == CG_OK
               ? CG_OK
               : CG_ERR_INPUT;
}

/* R4 search §3.1.1.5.5: "*", "Type:parameter" or "Type:parameter:Target"; "Type:*" is all of its
 * references. */
static enum cg_status read_include(const struct reading *reading, const struct parameter *parameter,
                                   bool is_reverse)
{
    uint8_t room[VALUE_MAX_BYTES];
    struct cg_span value = {NULL, 0};
    struct cg_span piece = {NULL, 0};
    struct cg_span type = any_type;
    struct cg_span target = any_type;
    CG_TRY(decode_value(parameter, room, &value));
    if (cg_span_equal(value, any_type)) {
        return need(reading, any_type, CG_SMART_READ);
    }
    struct cg_span rest = value;
    if (!cg_span_split(&rest, ':', &piece) || !cg_fhir_type_find(piece, &type) ||
        !cg_span_split(&rest, ':', &piece) ||
        !(cg_fhir_is_word(piece) || cg_span_equal(piece, any_type))) {
        return CG_ERR_INPUT;
    }
    if (rest.data != NULL && !cg_fhir_type_find(rest, &target)) {
        return CG_ERR_INPUT;
    }
    return need(reading, is_reverse ? type : target, CG_SMART_READ);
}

/* R4 search §3.1.1.5.5: ":iterate"; STU3 called it ":recurse". */
static enum cg_status read_inclusion(const struct reading *reading,
                                     const struct parameter *parameter, bool is_reverse)
{
    if (parameter->rest.len > 0 && !cg_span_equal_string(parameter->rest, ":iterate") &&
        !cg_span_equal_string(parameter->rest, ":recurse")) {
        return CG_ERR_INPUT;
    }
    return read_include(reading, parameter, is_reverse);
}

static enum cg_status read_types(const struct reading *reading, const struct parameter *parameter)
{
    uint8_t room[VALUE_MAX_BYTES];
    struct cg_span value = {NULL, 0};
    struct cg_span piece = {NULL, 0};
    CG_TRY(decode_value(parameter, room, &value));
    while (cg_span_split(&value, ',', &piece)) {
        struct cg_span type = {NULL, 0};
        if (!cg_fhir_type_find(piece, &type)) {
            return CG_ERR_INPUT;
        }
        CG_TRY(need(reading, type, reading->type_letters));
    }
    reading->parameters->has_types = true;
    return CG_OK;
}

/* R4 search §3.1.1.5.1: names of parameters, "-" before one for the other direction. */
static enum cg_status read_sort(const struct parameter *parameter)
{
    uint8_t room[VALUE_MAX_BYTES];
    struct cg_span value = {NULL, 0};
    struct cg_span piece = {NULL, 0};
    CG_TRY(decode_value(parameter, room, &value));
    while (cg_span_split(&value, ',', &piece)) {
        if (!cg_fhir_is_word(piece)) {
            return CG_ERR_INPUT;
        }
    }
    return CG_OK;
}

static enum cg_status read_known(const struct reading *reading, enum kind kind,
                                 const struct parameter *parameter)
{
    bool takes_more = kind == SELECTS || kind == HAS || kind == INCLUDES || kind == REVERSES;
    if (!takes_more && parameter->rest.len > 0) {
        return CG_ERR_INPUT;
    }
    switch (kind) {
    case SHAPES: return CG_OK;
    case SELECTS:
        /* A common parameter is none of a reference, and of no value set. */
        return parameter->rest.len > 0 && (parameter->rest.data[0] == '.' ||
                                           cg_span_equal_string(parameter->rest, ":in") ||
                                           cg_span_equal_string(parameter->rest, ":not-in"))
                   ? CG_ERR_INPUT
                   : read_selection(reading, parameter);
    case INCLUDES:
    case REVERSES: return read_inclusion(reading, parameter, kind == REVERSES);
    case HAS: return read_has_parameter(reading, parameter);
    case TYPES: return read_types(reading, parameter);
    case LISTS:
        CG_TRY(need(reading, CG_SPAN_OF("List"), CG_SMART_READ));
        return read_selection(reading, parameter);
    case CONTAINS:
        return cg_form_decodes_to(parameter->value, CG_SPAN_OF("false"))
                   ? CG_OK
                   : need(reading, any_type, CG_SMART_READ);
    case SORTS: return read_sort(parameter);
    case CONTINUES: return need(reading, any_type, CG_SMART_READ | CG_SMART_SEARCH);
    case EXCEEDS: break;
    }
    return CG_ERR_INPUT;
}

static enum cg_status read_parameter(const struct reading *reading,
                                     const struct parameter *parameter)
{
    const unsigned of_elements = SELECTIONS;
    if (!cg_fhir_is_word(parameter->name)) {
        return CG_ERR_INPUT;
    }
    for (size_t i = 0; i < COUNT(parameters_known); i++) {
        if ((parameters_known[i].asked & (unsigned)reading->asked) != 0 &&
            cg_span_equal(parameters_known[i].name, parameter->name)) {
            return read_known(reading, parameters_known[i].kind, parameter);
        }
    }
    if (parameter->name.data[0] == '_') {
        return CG_ERR_INPUT;
    }
    if (((unsigned)reading->asked & of_elements) != 0) {
        return read_selection(reading, parameter);
    }
    /* What an operation takes is its own; it reaches what its row of the table says. An export
     * that _type narrows must not be widened by what nobody here knows. */
    bool is_own = reading->asked == CG_FHIR_ASKED_OPERATION && parameter->rest.len == 0;
    return is_own ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status read_pair(const struct reading *reading, struct cg_span pair)
{
    uint8_t room[NAME_MAX_BYTES];
    struct cg_span name = {NULL, 0};
    size_t equals = cg_span_find(pair, '=', 0);
    if (cg_form_decode_into(cg_span_part(pair, 0, equals), room, sizeof(room), &name) != CG_OK) {
        return CG_ERR_INPUT;
    }
    size_t end = 0;
    while (end < name.len && name.data[end] != ':' && name.data[end] != '.') {
        end++;
    }
    const struct parameter parameter = {
        .name = cg_span_part(name, 0, end),
        .rest = cg_span_part(name, end, name.len),
        .value = cg_span_part(pair, equals + 1, pair.len),
    };
    return read_parameter(reading, &parameter);
}

/*
 * Bytes that every reader takes for the same. ';' once parted parameters as '&' does (HTML 4
 * appendix B.2.2), and some readers still know it; '#' ends a query for some (RFC 3986 §3.5).
 */
static bool is_plain(struct cg_span query)
{
    for (size_t i = 0; i < query.len; i++) {
        uint8_t byte = query.data[i];
        uint8_t decoded = 0;
        if (byte <= ' ' || byte >= 0x7f || byte == ';' || byte == '#' ||
            (byte == '%' && cg_percent_decode(query, i, &decoded) != CG_OK)) {
            return false;
        }
    }
    return true;
}

enum cg_status cg_fhir_search_read(struct cg_span query, enum cg_fhir_asked asked,
                                   unsigned type_letters, struct cg_fhir_needs *needs,
                                   struct cg_fhir_parameters *parameters)
{
    const struct reading reading = {asked, type_letters, needs, parameters};
    struct cg_span rest = query;
    struct cg_span pair = {NULL, 0};
    if (!is_plain(query)) {
        return CG_ERR_INPUT;
    }
    while (cg_span_split(&rest, '&', &pair)) {
        if (pair.len > 0) {
            CG_TRY(read_pair(&reading, pair));
        }
    }
    return CG_OK;
}

bool cg_fhir_search_has(struct cg_span query, struct cg_span name, struct cg_span value)
{
    struct cg_span pair = {NULL, 0};
    while (cg_span_split(&query, '&', &pair)) {
        size_t equals = cg_span_find(pair, '=', 0);
        if (cg_form_decodes_to(cg_span_part(pair, 0, equals), name) &&
            cg_form_decodes_to(cg_span_part(pair, equals + 1, pair.len), value)) {
            return true;
        }
    }
    return false;
}
