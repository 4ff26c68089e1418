/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/report.h"
#include "base/clock.h"
#include "base/span.h"
#include "cli/audit_keys.h"
#include "cli/check.h"

#define CLOCK_SLACK_S 60

static enum cg_status open_one(struct cg_check *check, enum cg_store_kind kind, const char *name,
                               struct cg_store **ret_store)
{
    const char *uri = NULL;
    struct cg_span subject = cg_span_of_string(name);
    CG_TRY(cg_context_print(check->context, &uri, "sqlite:%s/registry.db", check->context->dir));
    enum cg_status status =
        cg_store_open(cg_span_of_string(uri), kind, CG_STORE_READ_ONLY, ret_store);
    if (status == CG_ERR_CONFLICT) {
        cg_findings_add(&check->findings, CG_FINDING_ERROR, subject,
                        "`caregate upgrade` brings an older store up to this version; a newer one "
                        "wants the caregate that made it",
                        "its schema is not this version's");
        return CG_OK;
    }
    if (status != CG_OK) {
        cg_findings_add(&check->findings, CG_FINDING_ERROR, subject,
                        "is it there, and yours to read and write? Else take it from a copy",
                        "it cannot be opened");
        return CG_OK;
    }
    if (cg_store_check(*ret_store) != CG_OK) {
        cg_findings_add(&check->findings, CG_FINDING_ERROR, subject,
                        "stop nginx, keep the damaged file, and take it from a copy",
                        "it is damaged: %s", cg_store_message(*ret_store));
        return CG_OK;
    }
    cg_findings_add(&check->findings, CG_FINDING_OK, subject, NULL, "its pages and indexes agree");
    return CG_OK;
}

enum cg_status cg_check_stores(struct cg_check *check)
{
    CG_TRY(open_one(check, CG_STORE_REGISTRY, "registry.db", &check->registry));
    return open_one(check, CG_STORE_AUDIT, "audit.db", &check->audit);
}

static enum cg_status see_newest(void *context, struct cg_span record, int64_t time_s)
{
    struct cg_check *check = context;
    char text[CG_TIME_TEXT_BYTES];
    (void)record;
    if (time_s > check->context->now_s + CLOCK_SLACK_S) {
        cg_time_format(time_s, text);
        cg_findings_add(&check->findings, CG_FINDING_ERROR, CG_SPAN_OF("clock"),
                        "set the clock, or wait until it has caught up: tokens live by it",
                        "the audit's newest record is from %s, after now", text);
    }
    return CG_OK;
}

static void judge(struct cg_check *check, enum cg_status status,
                  const struct cg_audit_verdict *verdict)
{
    if (status == CG_OK) {
        cg_findings_add(&check->findings, CG_FINDING_OK, CG_SPAN_OF("audit"), NULL,
                        "%lld records of %lld writers fit their chains and %lld checkpoints",
                        (long long)verdict->records, (long long)verdict->writers,
                        (long long)verdict->checkpoints);
        return;
    }
    cg_findings_add(&check->findings, CG_FINDING_ERROR, CG_SPAN_OF("audit"),
                    "keep the file as it is, and find out who could write to it; `caregate audit "
                    "verify` says the same",
                    "%s",
                    status == CG_ERR_AUTHENTICATION ? verdict->first_bad : "it cannot be read");
}

enum cg_status cg_check_audit(struct cg_check *check)
{
    CG_CLEANUP(cg_audit_keys_free_at) struct cg_audit_keys *keys = NULL;
    struct cg_audit_verdict verdict = {.records = 0};
    struct cg_audit_filter newest = {.until_s = INT64_MAX, .newest = 1};
    if (check->registry == NULL || check->audit == NULL) {
        return CG_OK;
    }
    if (cg_audit_list(check->audit, &newest, see_newest, check) != CG_OK ||
        cg_audit_keys_new(check->context, check->registry, &keys) != CG_OK) {
        judge(check, CG_ERR_STORE, &verdict);
        return CG_OK;
    }
    enum cg_status status = cg_audit_verify(check->audit, cg_audit_keys_find, keys, &verdict);
    judge(check, status, &verdict);
    return CG_OK;
}
