/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/fhir_request.h"

#include "base/span.h"
#include "base/status.h"
#include "gate/fhir_operation.h"
#include "gate/fhir_search.h"
#include "token/fhir_type.h"
#include "token/smart.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SEGMENTS_MAX 4
#define ID_MAX_BYTES 64

#define GET ((unsigned)CG_METHOD_GET | (unsigned)CG_METHOD_HEAD)
#define POST ((unsigned)CG_METHOD_POST)
#define BOTH (GET | POST)
#define UPDATES ((unsigned)CG_METHOD_PUT | (unsigned)CG_METHOD_PATCH)

/* A path taken apart. */
struct place {
    char form[SEGMENTS_MAX + 1]; /* a letter for what each segment is */
    struct cg_span segments[SEGMENTS_MAX];
};

struct reading {
    const struct cg_fhir_request *request;
    const struct place *place;
    struct cg_fhir_needs *needs;
};

typedef enum cg_status (*interaction)(const struct reading *reading);

static bool is_alphanumeric(uint8_t byte)
{
    uint8_t letter = byte | 0x20;
    return (letter >= 'a' && letter <= 'z') || (byte >= '0' && byte <= '9');
}

bool cg_fhir_is_word(struct cg_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (!is_alphanumeric(byte) && byte != '-' && byte != '_') {
            return false;
        }
    }
    return text.len > 0 && text.len <= ID_MAX_BYTES;
}

/* R4 datatypes, "id": [A-Za-z0-9\-\.]{1,64}. One of dots alone would climb. */
static bool is_id(struct cg_span text)
{
    size_t dots = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (!is_alphanumeric(byte) && byte != '-' && byte != '.') {
            return false;
        }
        dots += byte == '.' ? 1 : 0;
    }
    return text.len > dots && text.len <= ID_MAX_BYTES;
}

/* What is no type ('T'): 'I' an id, 'O' an operation, 'H' _history, 'S' _search, 'M' metadata, '*';
 * 0: none of them. Only where a segment can be one thing alone is a form in the table below. */
static char form_of(struct cg_span segment)
{
    static const struct {
        struct cg_span text;
        char form;
    } words[] = {
        {CG_SPAN("_history"), 'H'},
        {CG_SPAN("_search"), 'S'},
        {CG_SPAN("metadata"), 'M'},
        {CG_SPAN("*"), '*'},
    };
    for (size_t i = 0; i < COUNT(words); i++) {
        if (cg_span_equal(words[i].text, segment)) {
            return words[i].form;
        }
    }
    if (segment.len > 1 && segment.data[0] == '$' &&
        cg_fhir_is_word(cg_span_part(segment, 1, segment.len))) {
        return 'O';
    }
    return is_id(segment) ? 'I' : 0;
}

static enum cg_status read_place(struct cg_span path, struct place *place)
{
    struct cg_span rest = path.len > 0 ? path : (struct cg_span){NULL, 0};
    struct cg_span segment = {NULL, 0};
    size_t count = 0;
    while (cg_span_split(&rest, '/', &segment)) {
        char form = cg_fhir_type_find(segment, &segment) ? 'T' : form_of(segment);
        if (count == SEGMENTS_MAX || form == 0) {
            return CG_ERR_INPUT;
        }
        place->segments[count] = form == '*' ? CG_SPAN_OF("*") : segment;
        place->form[count++] = form;
    }
    place->form[count] = '\0';
    return CG_OK;
}

enum cg_status cg_fhir_need_add(struct cg_fhir_needs *needs, const struct cg_fhir_need *need)
{
    for (size_t i = 0; i < needs->count; i++) {
        struct cg_fhir_need *there = &needs->items[i];
        if (there->is_search == need->is_search && cg_span_equal(there->type, need->type)) {
            there->letters |= need->letters;
            return CG_OK;
        }
    }
    if (needs->count == CG_LIMIT_FHIR_NEEDS) {
        return CG_ERR_INPUT;
    }
    needs->items[needs->count++] = *need;
    return CG_OK;
}

static enum cg_status need(const struct reading *reading, unsigned letters)
{
    const struct cg_fhir_need added = {.type = reading->place->segments[0], .letters = letters};
    return cg_fhir_need_add(reading->needs, &added);
}

/* The parameters of an interaction that is no search. */
static enum cg_status read_query(const struct reading *reading, enum cg_fhir_asked asked)
{
    struct cg_fhir_parameters parameters = {.count = 0};
    return cg_fhir_search_read(reading->request->query, asked, 0, reading->needs, &parameters);
}

static enum cg_status read_capabilities(const struct reading *reading)
{
    return read_query(reading, CG_FHIR_ASKED_CAPABILITIES);
}

static enum cg_status read_resource(const struct reading *reading)
{
    CG_TRY(need(reading, CG_SMART_READ));
    return read_query(reading, CG_FHIR_ASKED_RESOURCE);
}

/* SMART App Launch 2.2, scopes: "r" is instance level history too, "s" that of a type and of all.
 */
static enum cg_status read_history(const struct reading *reading)
{
    const struct cg_fhir_need all = {.type = CG_SPAN("*"), .letters = CG_SMART_SEARCH};
    size_t depth = strlen(reading->place->form);
    CG_TRY(depth == 1 ? cg_fhir_need_add(reading->needs, &all)
                      : need(reading, depth == 2 ? CG_SMART_SEARCH : CG_SMART_READ));
    return read_query(reading, CG_FHIR_ASKED_HISTORY);
}

/* Query and form together: R4 search §3.1.1.1 takes parameters from both. */
static enum cg_status read_parameters(const struct reading *reading, enum cg_fhir_asked asked,
                                      struct cg_fhir_parameters *parameters)
{
    CG_TRY(cg_fhir_search_read(reading->request->query, asked, CG_SMART_SEARCH, reading->needs,
                               parameters));
    return cg_fhir_search_read(reading->request->form, asked, CG_SMART_SEARCH, reading->needs,
                               parameters);
}

static enum cg_status search(const struct reading *reading, struct cg_span type)
{
    struct cg_fhir_parameters parameters = {.count = 0};
    const struct cg_fhir_need found = {.type = type, .letters = CG_SMART_SEARCH, .is_search = true};
    CG_TRY(cg_fhir_need_add(reading->needs, &found));
    return read_parameters(reading, CG_FHIR_ASKED_TYPE, &parameters);
}

static enum cg_status read_search(const struct reading *reading)
{
    return search(reading, reading->place->segments[0]);
}

static enum cg_status read_system_search(const struct reading *reading)
{
    struct cg_fhir_parameters parameters = {.count = 0};
    const struct cg_fhir_need all = {.type = CG_SPAN("*"), .letters = CG_SMART_SEARCH};
    CG_TRY(read_parameters(reading, CG_FHIR_ASKED_SYSTEM, &parameters));
    return parameters.has_types ? CG_OK : cg_fhir_need_add(reading->needs, &all);
}

/* https://hl7.org/fhir/R4/compartmentdefinition.html: the compartments that there are. */
static enum cg_status read_compartment(const struct reading *reading)
{
    static const struct cg_span compartments[] = {
        CG_SPAN("Patient"),      CG_SPAN("Encounter"), CG_SPAN("RelatedPerson"),
        CG_SPAN("Practitioner"), CG_SPAN("Device"),
    };
    for (size_t i = 0; i < COUNT(compartments); i++) {
        if (cg_span_equal(compartments[i], reading->place->segments[0])) {
            return search(reading, reading->place->segments[2]);
        }
    }
    return CG_ERR_INPUT;
}

static enum cg_status read_form(const struct reading *reading)
{
    static const struct {
        const char *form;
        interaction read;
    } searches[] = {
        {"S", read_system_search},
        {"TS", read_search},
        {"TITS", read_compartment},
        {"TI*S", read_compartment},
    };
    reading->needs->body = CG_FHIR_BODY_FORM;
    for (size_t i = 0; i < COUNT(searches); i++) {
        if (strcmp(searches[i].form, reading->place->form) == 0) {
            return searches[i].read(reading);
        }
    }
    return CG_ERR_INPUT;
}

static void writes(const struct reading *reading)
{
    bool is_patch = reading->request->method == CG_METHOD_PATCH;
    reading->needs->body = is_patch ? CG_FHIR_BODY_PATCH : CG_FHIR_BODY_RESOURCE;
    reading->needs->written = reading->place->segments[0];
}

/* A condition is a search: who may not search learns by it what there is. */
static enum cg_status read_condition(const struct reading *reading, struct cg_span condition)
{
    struct cg_fhir_parameters parameters = {.count = 0};
    CG_TRY(need(reading, CG_SMART_SEARCH));
    CG_TRY(cg_fhir_search_read(condition, CG_FHIR_ASKED_CONDITION, 0, reading->needs, &parameters));
    return parameters.count > 0 ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status read_create(const struct reading *reading)
{
    CG_TRY(need(reading, CG_SMART_CREATE));
    writes(reading);
    if (reading->request->if_none_exist.data != NULL) {
        CG_TRY(read_condition(reading, reading->request->if_none_exist));
    }
    return read_query(reading, CG_FHIR_ASKED_RESOURCE);
}

/* R4 http §3.1.0.4: an update may create; SMART counts that as an update. */
static enum cg_status read_update(const struct reading *reading)
{
    CG_TRY(need(reading, CG_SMART_UPDATE));
    writes(reading);
    return read_query(reading, CG_FHIR_ASKED_RESOURCE);
}

static enum cg_status read_conditional_update(const struct reading *reading)
{
    CG_TRY(need(reading, CG_SMART_UPDATE));
    writes(reading);
    return read_condition(reading, reading->request->query);
}

static enum cg_status read_delete(const struct reading *reading)
{
    CG_TRY(need(reading, CG_SMART_DELETE));
    return read_query(reading, CG_FHIR_ASKED_RESOURCE);
}

static enum cg_status read_conditional_delete(const struct reading *reading)
{
    CG_TRY(need(reading, CG_SMART_DELETE));
    return read_condition(reading, reading->request->query);
}

static enum cg_status read_bundle(const struct reading *reading)
{
    reading->needs->body = CG_FHIR_BODY_BUNDLE;
    return read_query(reading, CG_FHIR_ASKED_RESOURCE);
}

static enum cg_status read_operation(const struct reading *reading)
{
    static const unsigned levels[] = {0, CG_FHIR_SYSTEM_LEVEL, CG_FHIR_TYPE_LEVEL,
                                      CG_FHIR_INSTANCE_LEVEL};
    const struct place *place = reading->place;
    size_t depth = strlen(place->form);
    struct cg_span name = place->segments[depth - 1];
    struct cg_span type = depth > 1 ? place->segments[0] : (struct cg_span){NULL, 0};
    return cg_fhir_operation_read(reading->request, type, cg_span_part(name, 1, name.len),
                                  levels[depth], reading->needs);
}

/* R4 http §3.1.0 and its summary §3.1.0.20, as far as it can be decided. */
static const struct {
    const char *form;
    unsigned methods;
    interaction read;
} interactions[] = {
    {"TI", GET, read_resource},
    {"T", GET, read_search},
    {"TIHI", GET, read_resource},
    {"TIH", GET, read_history},
    {"TIT", GET, read_compartment},
    {"TI*", GET, read_compartment},
    {"T", POST, read_create},
    {"TI", UPDATES, read_update},
    {"TI", CG_METHOD_DELETE, read_delete},
    {"T", UPDATES, read_conditional_update},
    {"T", CG_METHOD_DELETE, read_conditional_delete},
    {"M", GET, read_capabilities},
    {"", GET, read_system_search},
    {"", POST, read_bundle},
    {"H", GET, read_history},
    {"TH", GET, read_history},
    {"S", POST, read_form},
    {"TS", POST, read_form},
    {"TITS", POST, read_form},
    {"TI*S", POST, read_form},
    {"O", BOTH, read_operation},
    {"TO", BOTH, read_operation},
    {"TIO", BOTH, read_operation},
};

enum cg_status cg_fhir_request_read(const struct cg_fhir_request *request,
                                    struct cg_fhir_needs *ret_needs)
{
    struct place place;
    const struct reading reading = {request, &place, ret_needs};
    ret_needs->count = 0;
    ret_needs->body = CG_FHIR_BODY_IGNORED;
    ret_needs->written = (struct cg_span){NULL, 0};
    CG_TRY(read_place(request->path, &place));
    for (size_t i = 0; i < COUNT(interactions); i++) {
        if ((interactions[i].methods & (unsigned)request->method) != 0 &&
            strcmp(interactions[i].form, place.form) == 0) {
            return interactions[i].read(&reading);
        }
    }
    return CG_ERR_INPUT;
}
