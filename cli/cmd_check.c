/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"
#include "cli/check.h"
#include "cli/init_agent.h"
#include "cli/init_gate.h"
#include "cli/nouns.h"
#include "cli/owner.h"

#include <unistd.h>

static void release(struct cg_check *check)
{
    check->registry = cg_store_free(check->registry);
    check->audit = cg_store_free(check->audit);
}

typedef enum cg_status (*part_function)(struct cg_check *check);

static enum cg_status look_at_all(struct cg_check *check)
{
    static const part_function parts[] = {
        cg_check_machine, cg_check_stores, cg_check_keys,  cg_check_clients,
        cg_check_audit,   cg_check_nginx,  cg_check_trust, cg_check_gate,
    };
    static const part_function parts_without_store[] = {cg_check_machine, cg_check_nginx,
                                                        cg_check_gate};
    bool has_no_store = cg_init_gate_is(check->context) || cg_init_agent_is(check->context);
    const part_function *chosen = has_no_store ? parts_without_store : parts;
    size_t count = has_no_store ? sizeof(parts_without_store) / sizeof(parts_without_store[0])
                                : sizeof(parts) / sizeof(parts[0]);
    for (size_t i = 0; i < count; i++) {
        CG_TRY(chosen[i](check));
    }
    return check->findings.failed ? CG_ERR_LIMIT : CG_OK;
}

static enum cg_status run_check(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(release)
    struct cg_check check = {.context = context, .findings.arena = context->arena};
    (void)args;
    CG_TRY(cg_owner_become(context));
    if (access(context->dir, F_OK) != 0) {
        return cg_complain(context, CG_ERR_NOT_FOUND,
                           "there is no data folder %s; `caregate init` makes one", context->dir);
    }
    CG_TRY(look_at_all(&check));
    cg_findings_put(&check.findings, &context->output);
    if (check.findings.dropped > 0) {
        cg_say(context, "and %zu more; mend these first", check.findings.dropped);
    }
    size_t errors = check.findings.counts[CG_FINDING_ERROR];
    if (errors > 0) {
        CG_TRY(cg_output_finish(&context->output));
        return cg_complain(context, CG_ERR_CONFLICT, "%zu thing%s to mend", errors,
                           errors == 1 ? "" : "s");
    }
    return CG_OK;
}

static const struct cg_verb check_verbs[] = {
    {
        .name = "",
        .summary = "find what is wrong, and say how to mend it",
        .help = "Looks at the clock, permissions, disk, certificate, stores, keys, secrets and\n"
                "agreements that end, the audit, what is risky in nginx's configuration, keys\n"
                "that may not be fetched, identity providers, and a gate's issuer elsewhere.\n"
                "Each finding is ok, warning or error; with an error the exit code is 1.",
        .example = "caregate --json check",
        .run = run_check,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_check = {"check", "find what is wrong", check_verbs};
