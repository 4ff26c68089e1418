/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds what is risky in nginx's configuration: ways around the gate, patients' numbers in logs,
 * tokens in the clear.
 */
#ifndef CG_CLI_NGINX_RISKS_H
#define CG_CLI_NGINX_RISKS_H

#include "cli/findings.h"
#include "cli/nginx_parse.h"

void cg_nginx_risks_find(const struct cg_directive *root, struct cg_findings *findings);

#endif
