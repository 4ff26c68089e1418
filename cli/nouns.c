/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nouns.h"

static const struct cg_noun *const nouns[] = {
    &cg_noun_init,      &cg_noun_serve,   &cg_noun_reload,  &cg_noun_stop,   &cg_noun_check,
    &cg_noun_realm,     &cg_noun_api,     &cg_noun_org,     &cg_noun_client, &cg_noun_upstream,
    &cg_noun_agreement, &cg_noun_secret,  &cg_noun_key,     &cg_noun_token,  &cg_noun_audit,
    &cg_noun_apply,     &cg_noun_export,  &cg_noun_explain, &cg_noun_agent,  &cg_noun_batch,
    &cg_noun_bench,     &cg_noun_upgrade,
};

const struct cg_noun *cg_noun_at(size_t index)
{
    return index < sizeof(nouns) / sizeof(nouns[0]) ? nouns[index] : NULL;
}

const struct cg_option cg_global_options[] = {
    {"dir", "DIR", CG_OPTION_PLAIN, "the data folder; else $CAREGATE_DIR, else ./caregate-data"},
    {"json", NULL, CG_OPTION_PLAIN, "print the result as one JSON value"},
    {"realm", "PATH", CG_OPTION_PLAIN, "the realm, where there is more than one"},
    {"help", NULL, CG_OPTION_PLAIN, "show help, for the command if one is named"},
    {"version", NULL, CG_OPTION_PLAIN, "show the version"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};
