/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agreements of a file. One that is there is found by its id, or by what it says; one that is not
 * is requested, and waits for the people who approve it, whatever it was where the file comes from.
 */
#include "base/span.h"
#include "cli/apply.h"

#define CODES_BYTES_MAX 1024

static enum cg_status read_purpose(struct cg_apply *apply, const struct cg_yaml *node,
                                   struct cg_agreement *agreement)
{
    const struct cg_yaml *member = cg_yaml_member(node, "purpose");
    const struct cg_purpose *purpose = cg_purpose_find(member->text);
    struct cg_buf codes;
    struct cg_span list = {NULL, 0};
    if (purpose != NULL) {
        agreement->purpose = cg_span_of_string(purpose->code);
        return CG_OK;
    }
    cg_buf_init_arena(&codes, apply->context->arena, CODES_BYTES_MAX);
    cg_buf_put_string(&codes, "one of");
    for (size_t i = 0; cg_purpose_at(i) != NULL; i++) {
        cg_buf_put_string(&codes, i > 0 ? ", " : " ");
        cg_buf_put_string(&codes, cg_purpose_at(i)->code);
    }
    cg_buf_put_byte(&codes, '\0');
    CG_TRY(cg_buf_finish(&codes, &list));
    return cg_apply_refuse(apply, member, (const char *)list.data);
}

static enum cg_status read_agreement(struct cg_apply *apply, const struct cg_yaml *node,
                                     struct cg_agreement *ret_agreement)
{
    struct cg_agreement agreement = {
        .realm = apply->look.realm,
        .client = cg_apply_text(node, "client"),
        .api = cg_apply_text(node, "api"),
        .purpose_text = cg_apply_text(node, "purpose-text"),
        .requested_s = apply->context->now_s,
    };
    CG_TRY(cg_apply_words(apply, node, "scopes", &agreement.scope));
    CG_TRY(cg_apply_words(apply, node, "types", &agreement.document_types));
    CG_TRY(cg_apply_words(apply, node, "organisations", &agreement.organisations));
    CG_TRY(read_purpose(apply, node, &agreement));
    CG_TRY(cg_apply_rate(apply, node, "rate", &agreement.rate));
    CG_TRY(cg_apply_time(apply, node, "from", &agreement.from_s));
    CG_TRY(cg_apply_time(apply, node, "until", &agreement.until_s));
    *ret_agreement = agreement;
    return CG_OK;
}

/* The key of the first fact in which two agreements differ; NULL: in none. A beginning that is left
 * out is any. */
static enum cg_status find_difference(struct cg_apply *apply, const struct cg_agreement *wanted,
                                      const struct cg_agreement *present, const char **ret_key)
{
    struct cg_agreement like = *wanted;
    struct cg_facts before;
    struct cg_facts after;
    like.from_s = wanted->from_s != 0 ? wanted->from_s : present->from_s;
    cg_facts_init(&before, apply->context->arena);
    cg_facts_init(&after, apply->context->arena);
    cg_facts_of_agreement(&before, present);
    cg_facts_of_agreement(&after, &like);
    CG_TRY(before.status);
    CG_TRY(after.status);
    *ret_key = NULL;
    for (size_t i = 0; i < after.count; i++) {
        if (!cg_fact_is_same(after.items[i].shape, before.items[i].value, after.items[i].value)) {
            *ret_key = after.items[i].key;
            return CG_OK;
        }
    }
    return CG_OK;
}

/* The agreements of a client, of which one may be the file's. */
struct search {
    struct cg_apply *apply;
    const struct cg_agreement *wanted;
    struct cg_agreement found; /* id absent: none */
};

static enum cg_status look_for_same(void *context, const void *row)
{
    struct search *search = context;
    const struct cg_agreement *other = row;
    const char *difference = NULL;
    bool is_in_service = false;
    if (search->found.id.data != NULL) {
        return CG_OK;
    }
    CG_TRY(cg_in_service_agreement(&search->apply->look, other, &is_in_service));
    CG_TRY(find_difference(search->apply, search->wanted, other, &difference));
    if (is_in_service && difference == NULL) {
        search->found = *other;
    }
    return CG_OK;
}

/* By its id. What it says stands for good, since that is what people approved. */
static enum cg_status find_by_id(struct cg_apply *apply, const struct cg_yaml *node,
                                 const struct cg_agreement *wanted,
                                 struct cg_agreement *ret_agreement)
{
    struct cg_span id = cg_apply_text(node, "id");
    const char *difference = NULL;
    if (id.data == NULL) {
        return CG_ERR_NOT_FOUND;
    }
    CG_TRY(cg_agreement_find(apply->look.store, wanted->realm, id, apply->context->arena,
                             ret_agreement));
    CG_TRY(find_difference(apply, wanted, ret_agreement, &difference));
    if (difference != NULL) {
        const struct cg_yaml *member = cg_yaml_member(node, difference);
        return cg_registry_file_complain(
            &apply->file, member != NULL ? member : node, CG_ERR_CONFLICT,
            "%s of agreement %.*s is another here, and stands for good: leave out the id to ask "
            "for a new agreement",
            difference, CG_SPAN_ARGS(id));
    }
    return CG_OK;
}

static enum cg_status find(struct cg_apply *apply, const struct cg_yaml *node,
                           const struct cg_agreement *wanted, struct cg_agreement *ret_agreement)
{
    struct search search = {.apply = apply, .wanted = wanted};
    enum cg_status status = find_by_id(apply, node, wanted, ret_agreement);
    if (status != CG_ERR_NOT_FOUND) {
        return status;
    }
    CG_TRY(cg_agreement_list(apply->look.store, wanted->realm, wanted->client,
                             apply->context->arena, look_for_same, &search));
    if (search.found.id.data == NULL) {
        return CG_ERR_NOT_FOUND;
    }
    *ret_agreement = search.found;
    return CG_OK;
}

static enum cg_status note(struct cg_apply *apply, enum cg_audit_kind kind,
                           const struct cg_agreement *agreement, struct cg_audit_event **ret_event)
{
    struct cg_audit_event *event = NULL;
    struct cg_client client;
    CG_TRY(cg_client_find(apply->look.store, agreement->realm, agreement->client,
                          apply->context->arena, &client));
    CG_TRY(cg_apply_note(apply, kind, &event));
    event->client_id = client.id;
    event->organisation = client.organisation;
    event->api = agreement->api;
    event->agreement = agreement->id;
    *ret_event = event;
    return CG_OK;
}

/* "ward-system → documents" */
static enum cg_status name_it(struct cg_apply *apply, const struct cg_agreement *agreement,
                              struct cg_diff_subject *ret_subject)
{
    const char *name = NULL;
    CG_TRY(cg_context_print(apply->context, &name, "%.*s → %.*s", CG_SPAN_ARGS(agreement->client),
                            CG_SPAN_ARGS(agreement->api)));
    *ret_subject = (struct cg_diff_subject){agreement->realm, "agreement", cg_span_of_string(name)};
    return CG_OK;
}

static enum cg_status request(struct cg_apply *apply, const struct cg_yaml *node,
                              struct cg_agreement *agreement)
{
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject;
    struct cg_audit_event *event = NULL;
    struct cg_facts facts;
    CG_TRY(name_it(apply, agreement, &subject));
    CG_TRY(cg_apply_at(apply, node, &subject,
                       cg_agreement_request(apply->look.store, agreement, &context->random,
                                            context->arena, &context->fault, &agreement->id)));
    cg_facts_init(&facts, context->arena);
    cg_facts_of_agreement(&facts, agreement);
    cg_facts_add(&facts, "state", CG_FACT_TEXT, CG_SPAN_OF("requested"));
    CG_TRY(cg_diff_added(&apply->diff, &subject, &facts));
    return note(apply, CG_AUDIT_AGREEMENT_REQUESTED, agreement, &event);
}

/* "agreed" takes it off; left out, it stays. */
static enum cg_status read_limit(struct cg_apply *apply, const struct cg_yaml *node,
                                 struct cg_rate *ret_limit)
{
    *ret_limit = (struct cg_rate){.count = 0};
    return cg_span_equal_string(cg_apply_text(node, "limit"), "agreed")
               ? CG_OK
               : cg_apply_rate(apply, node, "limit", ret_limit);
}

static enum cg_status set_limit(struct cg_apply *apply, const struct cg_yaml *node,
                                const struct cg_agreement *agreement, const struct cg_rate *limit)
{
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject;
    struct cg_audit_event *event = NULL;
    struct cg_facts facts;
    CG_TRY(name_it(apply, agreement, &subject));
    cg_facts_init(&facts, context->arena);
    cg_facts_add_rate(&facts, "before", &agreement->limit);
    cg_facts_add_rate(&facts, "after", limit);
    CG_TRY(facts.status);
    if (cg_fact_is_same(CG_FACT_TEXT, facts.items[0].value, facts.items[1].value)) {
        return CG_OK;
    }
    CG_TRY(cg_apply_at(
        apply, node, &subject,
        cg_agreement_limit(apply->look.store, agreement, limit, context->now_s, &context->fault)));
    CG_TRY(
        cg_diff_value(&apply->diff, &subject, "limit", facts.items[0].value, facts.items[1].value));
    CG_TRY(note(apply, CG_AUDIT_AGREEMENT_LIMITED, agreement, &event));
    event->detail = cg_apply_text(node, "limit");
    return CG_OK;
}

static enum cg_status apply_limit(struct cg_apply *apply, const struct cg_yaml *node,
                                  const struct cg_agreement *agreement)
{
    struct cg_rate limit;
    if (cg_yaml_member(node, "limit") == NULL) {
        return CG_OK;
    }
    CG_TRY(read_limit(apply, node, &limit));
    if (agreement->state == CG_AGREEMENT_APPROVED) {
        return set_limit(apply, node, agreement, &limit);
    }
    cg_say(apply->context, "%s:%u: the limit waits for the approval: apply the file again then",
           apply->file.name, (unsigned)node->line);
    return CG_OK;
}

/* One that ended is not begun again by a file that was written before. */
static void tell_ended(struct cg_apply *apply, const struct cg_yaml *node,
                       const struct cg_agreement *agreement)
{
    cg_say(apply->context, "%s:%u: agreement %.*s is %s and stays so: leave out its id to ask anew",
           apply->file.name, (unsigned)node->line, CG_SPAN_ARGS(agreement->id),
           cg_agreement_state_name(agreement, apply->context->now_s));
}

enum cg_status cg_apply_agreement(struct cg_apply *apply, const struct cg_yaml *node,
                                  struct cg_names *seen)
{
    struct cg_agreement wanted;
    struct cg_agreement agreement;
    bool is_in_service = true;
    CG_TRY(read_agreement(apply, node, &wanted));
    enum cg_status status = find(apply, node, &wanted, &agreement);
    if (status == CG_ERR_NOT_FOUND) {
        agreement = wanted;
        status = request(apply, node, &agreement);
    } else if (status == CG_OK) {
        status = cg_in_service_agreement(&apply->look, &agreement, &is_in_service);
    }
    CG_TRY(status);
    CG_TRY(cg_names_add(seen, apply->context->arena, agreement.id, node));
    if (!is_in_service) {
        tell_ended(apply, node, &agreement);
        return CG_OK;
    }
    return apply_limit(apply, node, &agreement);
}
