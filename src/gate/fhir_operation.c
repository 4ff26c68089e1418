/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/fhir_operation.h"

#include "base/span.h"
#include "base/status.h"
#include "gate/fhir_search.h"
#include "token/smart.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define GET ((unsigned)CG_METHOD_GET | (unsigned)CG_METHOD_HEAD)
#define POST ((unsigned)CG_METHOD_POST)
#define BOTH (GET | POST)

#define SYSTEM CG_FHIR_SYSTEM_LEVEL
#define TYPE CG_FHIR_TYPE_LEVEL
#define INSTANCE CG_FHIR_INSTANCE_LEVEL

#define R CG_SMART_READ
#define RS (CG_SMART_READ | CG_SMART_SEARCH)
#define U CG_SMART_UPDATE

enum reach {
    OF_TYPE, /* resources of the type that it is called on */
    OF_ANY,  /* of every type */
    OF_NONE, /* what is nobody's record */
};

/*
 * The rows with a type are called on that one alone; those without on any, or on the base. What an
 * operation of R4 may store or change is not in the table, but $meta-add and $meta-delete; those
 * that answer with whatever is linked to a resource reach everything.
 */
static const struct {
    struct cg_span type;
    struct cg_span name;
    unsigned levels;
    unsigned methods;
    enum reach reach;
    unsigned letters;
    enum cg_fhir_asked asked;
} operations[] = {
    {CG_SPAN(""), CG_SPAN("validate"), TYPE | INSTANCE, BOTH, OF_TYPE, R, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN(""), CG_SPAN("meta"), SYSTEM, BOTH, OF_ANY, R, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN(""), CG_SPAN("meta"), TYPE | INSTANCE, BOTH, OF_TYPE, R, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN(""), CG_SPAN("meta-add"), INSTANCE, POST, OF_TYPE, U, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN(""), CG_SPAN("meta-delete"), INSTANCE, POST, OF_TYPE, U, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN(""), CG_SPAN("versions"), SYSTEM, BOTH, OF_NONE, 0, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN(""), CG_SPAN("export"), SYSTEM, GET, OF_ANY, RS, CG_FHIR_ASKED_EXPORT},
    {CG_SPAN(""), CG_SPAN("export"), SYSTEM, POST, OF_ANY, RS, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("Patient"), CG_SPAN("export"), TYPE, GET, OF_ANY, RS, CG_FHIR_ASKED_EXPORT},
    {CG_SPAN("Patient"), CG_SPAN("export"), TYPE, POST, OF_ANY, RS, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("Group"), CG_SPAN("export"), INSTANCE, GET, OF_ANY, RS, CG_FHIR_ASKED_EXPORT},
    {CG_SPAN("Group"), CG_SPAN("export"), INSTANCE, POST, OF_ANY, RS, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("Patient"), CG_SPAN("everything"), TYPE | INSTANCE, BOTH, OF_ANY, RS,
     CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("Encounter"), CG_SPAN("everything"), INSTANCE, BOTH, OF_ANY, RS,
     CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("Patient"), CG_SPAN("match"), TYPE, POST, OF_TYPE, RS, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("Observation"), CG_SPAN("lastn"), TYPE, GET, OF_TYPE, RS, CG_FHIR_ASKED_TYPE},
    {CG_SPAN("Observation"), CG_SPAN("stats"), TYPE, BOTH, OF_TYPE, RS, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("Composition"), CG_SPAN("document"), INSTANCE, GET, OF_ANY, R,
     CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("CodeSystem"), CG_SPAN("lookup"), TYPE, BOTH, OF_TYPE, R, CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("CodeSystem"), CG_SPAN("validate-code"), TYPE | INSTANCE, BOTH, OF_TYPE, R,
     CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("CodeSystem"), CG_SPAN("subsumes"), TYPE | INSTANCE, BOTH, OF_TYPE, R,
     CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("CodeSystem"), CG_SPAN("find-matches"), TYPE | INSTANCE, BOTH, OF_TYPE, R,
     CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("ValueSet"), CG_SPAN("expand"), TYPE | INSTANCE, BOTH, OF_TYPE, R,
     CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("ValueSet"), CG_SPAN("validate-code"), TYPE | INSTANCE, BOTH, OF_TYPE, R,
     CG_FHIR_ASKED_OPERATION},
    {CG_SPAN("ConceptMap"), CG_SPAN("translate"), TYPE | INSTANCE, BOTH, OF_TYPE, R,
     CG_FHIR_ASKED_OPERATION},
};

/* What runs a query that is written in its body or in one parameter (R4 graphql). */
static const struct cg_span never[] = {CG_SPAN("graphql"), CG_SPAN("graphql-execute")};

bool cg_fhir_operation_may_be_vouched_for(struct cg_span name)
{
    for (size_t i = 0; i < COUNT(never); i++) {
        if (cg_span_equal_nocase(never[i], name)) {
            return false;
        }
    }
    return cg_fhir_is_word(name);
}

static enum cg_status add_all(const struct cg_fhir_need *items, size_t count,
                              struct cg_fhir_needs *needs)
{
    for (size_t i = 0; i < count; i++) {
        CG_TRY(cg_fhir_need_add(needs, &items[i]));
    }
    return CG_OK;
}

static enum cg_status read_vouched(const struct cg_fhir_request *request,
                                   const struct cg_fhir_rule *rule, struct cg_fhir_needs *needs)
{
    struct cg_fhir_parameters parameters = {.count = 0};
    CG_TRY(add_all(rule->needs, rule->need_count, needs));
    return cg_fhir_search_read(request->query, CG_FHIR_ASKED_OPERATION, 0, needs, &parameters);
}

/* An export is narrowed by _type to what it then reads; else it reads what its row says. */
static enum cg_status read_row(const struct cg_fhir_request *request, size_t row,
                               struct cg_span type, struct cg_fhir_needs *needs)
{
    struct cg_fhir_parameters parameters = {.count = 0};
    struct cg_fhir_need reached = {.type = type, .letters = operations[row].letters};
    CG_TRY(cg_fhir_search_read(request->query, operations[row].asked, operations[row].letters,
                               needs, &parameters));
    if (operations[row].reach == OF_NONE || parameters.has_types) {
        return CG_OK;
    }
    if (operations[row].reach == OF_ANY) {
        reached.type = CG_SPAN_OF("*");
    }
    return cg_fhir_need_add(needs, &reached);
}

static bool is_row(size_t row, struct cg_span type, struct cg_span name)
{
    return cg_span_equal(operations[row].name, name) &&
           (operations[row].type.len == 0 || cg_span_equal(operations[row].type, type));
}

enum cg_status cg_fhir_operation_read(const struct cg_fhir_request *request, struct cg_span type,
                                      struct cg_span name, unsigned level,
                                      struct cg_fhir_needs *needs)
{
    if (!cg_fhir_operation_may_be_vouched_for(name)) {
        return CG_ERR_INPUT;
    }
    for (size_t i = 0; i < request->rules.count; i++) {
        const struct cg_fhir_rule *rule = &request->rules.items[i];
        if (cg_span_equal(rule->name, name) &&
            (rule->type.len == 0 || cg_span_equal(rule->type, type))) {
            return read_vouched(request, rule, needs);
        }
    }
    for (size_t i = 0; i < COUNT(operations); i++) {
        if (is_row(i, type, name) && (operations[i].levels & level) != 0 &&
            (operations[i].methods & (unsigned)request->method) != 0) {
            return read_row(request, i, type, needs);
        }
    }
    return CG_ERR_INPUT;
}
