/* SPDX-License-Identifier: Apache-2.0 */
/* nginx.conf of an agent, as `agent init` writes it. */
#ifndef CG_CLI_AGENT_CONF_H
#define CG_CLI_AGENT_CONF_H

#include "base/buf.h"
#include "cli/nginx_conf.h"

#include <caregate/types.h>
#include <stdbool.h>

/* All checked by the caller, fit for nginx's configuration. */
struct cg_agent_conf {
    struct cg_span dir;
    struct cg_span module;
    struct cg_span user; /* absent: nginx runs as whoever starts it */
    struct cg_span profile;
    struct cg_span token_url;
    struct cg_span client;
    struct cg_span scope; /* absent: what the server has for the client */
    bool has_key;         /* it proves itself by agent.key, not by agent.secret */
    bool has_issuer_ca;   /* in tls/issuer-ca.pem */
    struct cg_listen listen;
    int64_t status_port;
    struct cg_span at;
    bool https;
    struct cg_span host;      /* of the API, with brackets for IPv6 */
    struct cg_span authority; /* host, and the port if it is not the scheme's */
    int64_t port;
    struct cg_span path; /* absent: the request's path unchanged */
    struct cg_span ca;   /* a file of authorities that may sign the API's certificate */
};

void cg_agent_conf_write(const struct cg_agent_conf *conf, struct cg_buf *buf);

#endif
