/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nouns that there are, each defined by its cmd_NOUN.c. In the order of the help.
 */
#ifndef CG_CLI_NOUNS_H
#define CG_CLI_NOUNS_H

#include "cli/verb.h"

extern const struct cg_noun cg_noun_init;
extern const struct cg_noun cg_noun_serve;
extern const struct cg_noun cg_noun_reload;
extern const struct cg_noun cg_noun_stop;
extern const struct cg_noun cg_noun_check;
extern const struct cg_noun cg_noun_realm;
extern const struct cg_noun cg_noun_api;
extern const struct cg_noun cg_noun_org;
extern const struct cg_noun cg_noun_client;
extern const struct cg_noun cg_noun_upstream;
extern const struct cg_noun cg_noun_agreement;
extern const struct cg_noun cg_noun_secret;
extern const struct cg_noun cg_noun_key;
extern const struct cg_noun cg_noun_token;
extern const struct cg_noun cg_noun_audit;
extern const struct cg_noun cg_noun_apply;
extern const struct cg_noun cg_noun_export;
extern const struct cg_noun cg_noun_explain;
extern const struct cg_noun cg_noun_agent;
extern const struct cg_noun cg_noun_batch;
extern const struct cg_noun cg_noun_bench;
extern const struct cg_noun cg_noun_upgrade;

#endif
