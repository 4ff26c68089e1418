/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/findings.h"

#include "base/span.h"
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

#define FINDING_BYTES 1024

static const char *const level_names[] = {
    [CG_FINDING_OK] = "ok",
    [CG_FINDING_WARNING] = "warning",
    [CG_FINDING_ERROR] = "error",
};

static bool is_known(const struct cg_findings *findings, struct cg_span subject,
                     struct cg_span text)
{
    for (const struct cg_finding *at = findings->first; at != NULL; at = at->next) {
        if (cg_span_equal(at->subject, subject) && cg_span_equal(at->finding, text)) {
            return true;
        }
    }
    return false;
}

static enum cg_status append(struct cg_findings *findings, const struct cg_finding *finding)
{
    struct cg_finding *copy = NULL;
    CG_TRY(cg_arena_take(findings->arena, sizeof(*copy), (void **)&copy));
    *copy = *finding;
    CG_TRY(cg_arena_copy(findings->arena, finding->subject, &copy->subject));
    CG_TRY(cg_arena_copy(findings->arena, finding->finding, &copy->finding));
    if (findings->last != NULL) {
        findings->last->next = copy;
    } else {
        findings->first = copy;
    }
    findings->last = copy;
    findings->counts[finding->level]++;
    return CG_OK;
}

void cg_findings_add(struct cg_findings *findings, enum cg_finding_level level,
                     struct cg_span subject, const char *mend, const char *format, ...)
{
    char text[FINDING_BYTES];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    struct cg_finding finding = {
        .level = level, .subject = subject, .finding = cg_span_of_string(text), .mend = mend};
    if (findings->counts[CG_FINDING_WARNING] + findings->counts[CG_FINDING_ERROR] >=
        CG_FINDINGS_MAX) {
        findings->dropped++;
        findings->counts[level]++;
        return;
    }
    if (!is_known(findings, subject, finding.finding) && append(findings, &finding) != CG_OK) {
        findings->failed = true;
    }
}

/* A program reads what to mend apart from what is wrong; people read on. */
static void put(const struct cg_finding *finding, struct cg_output *output)
{
    char text[2 * FINDING_BYTES];
    struct cg_span whole = finding->finding;
    if (!output->json && finding->mend != NULL) {
        (void)snprintf(text, sizeof(text), "%.*s; to mend it: %s", CG_SPAN_ARGS(whole),
                       finding->mend);
        whole = cg_span_of_string(text);
    }
    cg_output_open_record(output);
    cg_output_string(output, "level", level_names[finding->level]);
    cg_output_text(output, "subject", finding->subject);
    cg_output_text(output, "finding", whole);
    if (output->json) {
        cg_output_string(output, "mend", finding->mend);
    }
    cg_output_close_record(output);
}

void cg_findings_put(const struct cg_findings *findings, struct cg_output *output)
{
    cg_output_open_list(output, CG_LIST_TABLE, "nothing was looked at");
    for (int level = CG_FINDING_ERROR; level >= CG_FINDING_OK; level--) {
        for (const struct cg_finding *at = findings->first; at != NULL; at = at->next) {
            if ((int)at->level == level) {
                put(at, output);
            }
        }
    }
    cg_output_close_list(output);
}
