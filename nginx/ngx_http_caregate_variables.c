/* SPDX-License-Identifier: Apache-2.0 */
/* Variables for logs and headers; docs/DIRECTIVES.md says what each holds. */
#include "ngx_http_caregate_module.h"

typedef ngx_str_t (*value_of)(const struct caregate_mark *mark);

struct variable {
    ngx_str_t name;
    value_of value;
};

static ngx_str_t text(const char *value)
{
    return caregate_str((struct cg_span){.data = (const uint8_t *)value, .len = ngx_strlen(value)});
}

static ngx_str_t client_id(const struct caregate_mark *mark)
{
    return mark->caller.client_id;
}

static ngx_str_t subject(const struct caregate_mark *mark)
{
    return mark->caller.subject;
}

static ngx_str_t organisation(const struct caregate_mark *mark)
{
    return mark->caller.organisation;
}

static ngx_str_t scope(const struct caregate_mark *mark)
{
    return mark->caller.scope;
}

static ngx_str_t token_id(const struct caregate_mark *mark)
{
    return mark->caller.token_id;
}

static ngx_str_t actor_subject(const struct caregate_mark *mark)
{
    return mark->caller.actor;
}

static ngx_str_t request_id(const struct caregate_mark *mark)
{
    return mark->visit->request_id;
}

static ngx_str_t decision(const struct caregate_mark *mark)
{
    switch (mark->decision) {
    case CAREGATE_ALLOWED: return text("allowed");
    case CAREGATE_REFUSED: return text("refused");
    case CAREGATE_ISSUED: return text("issued");
    case CAREGATE_UNDECIDED: break;
    }
    return (ngx_str_t)ngx_null_string;
}

static ngx_str_t reason(const struct caregate_mark *mark)
{
    return mark->reason == CG_REASON_NONE ? (ngx_str_t)ngx_null_string
                                          : text(cg_reason_name(mark->reason));
}

static ngx_str_t profile(const struct caregate_mark *mark)
{
    return mark->attached == NULL ? (ngx_str_t)ngx_null_string
                                  : mark->attached->keeper->profile->name;
}

/* How the request came by its token. */
static ngx_str_t token_state(const struct caregate_mark *mark)
{
    if (mark->attached == NULL || mark->attached->value.len == 0) {
        return (ngx_str_t)ngx_null_string;
    }
    if (mark->attached->is_repeated) {
        return text("repeated");
    }
    return mark->attached->has_waited ? text("waited") : text("kept");
}

static const struct variable variables[] = {
    {ngx_string("caregate_client_id"), client_id},
    {ngx_string("caregate_subject"), subject},
    {ngx_string("caregate_organisation"), organisation},
    {ngx_string("caregate_scope"), scope},
    {ngx_string("caregate_token_id"), token_id},
    {ngx_string("caregate_actor_subject"), actor_subject},
    {ngx_string("caregate_decision"), decision},
    {ngx_string("caregate_reason"), reason},
    {ngx_string("caregate_request_id"), request_id},
    {ngx_string("caregate_profile"), profile},
    {ngx_string("caregate_token_state"), token_state},
};

const size_t caregate_variable_count = sizeof(variables) / sizeof(variables[0]);

/* What is not known counts as not found: a log shows it as "-", a header is not sent. */
static ngx_int_t get(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t data)
{
    const struct caregate_mark *mark = caregate_mark_telling(r);
    ngx_str_t found = mark == NULL ? (ngx_str_t)ngx_null_string : variables[data].value(mark);
    if (found.len == 0) {
        value->not_found = 1;
        return NGX_OK;
    }
    value->data = found.data;
    value->len = (unsigned)(found.len & 0xfffffff);
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;
    return NGX_OK;
}

/* nginx's own $http_authorization, but for a token that was attached: it is for the API alone. */
static ngx_int_t get_authorization(ngx_http_request_t *r, ngx_http_variable_value_t *value,
                                   uintptr_t data)
{
    const ngx_table_elt_t *header = r->headers_in.authorization;
    (void)data;
    if (header == NULL || caregate_identity_is_attached(r)) {
        value->not_found = 1;
        return NGX_OK;
    }
    value->data = header->value.data;
    value->len = (unsigned)(header->value.len & 0xfffffff);
    value->valid = 1;
    value->no_cacheable = 1;
    value->not_found = 0;
    return NGX_OK;
}

static ngx_int_t hide_authorization(ngx_conf_t *cf)
{
    ngx_str_t name = ngx_string("http_authorization");
    ngx_http_variable_t *added =
        ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_CHANGEABLE | NGX_HTTP_VAR_NOCACHEABLE);
    if (added == NULL) {
        return NGX_ERROR;
    }
    added->get_handler = get_authorization;
    return NGX_OK;
}

ngx_int_t caregate_variables_add(ngx_conf_t *cf)
{
    if (hide_authorization(cf) != NGX_OK) {
        return NGX_ERROR;
    }
    for (size_t i = 0; i < caregate_variable_count; i++) {
        ngx_str_t name = variables[i].name;
        ngx_http_variable_t *added = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (added == NULL) {
            return NGX_ERROR;
        }
        added->get_handler = get;
        added->data = i;
    }
    return NGX_OK;
}

ngx_int_t caregate_variables_index(ngx_conf_t *cf, struct caregate_main_conf *conf)
{
    conf->variable_indexes =
        ngx_pcalloc(cf->pool, caregate_variable_count * sizeof(conf->variable_indexes[0]));
    if (conf->variable_indexes == NULL) {
        return NGX_ERROR;
    }
    for (size_t i = 0; i < caregate_variable_count; i++) {
        ngx_str_t name = variables[i].name;
        ngx_int_t index = ngx_http_get_variable_index(cf, &name);
        if (index == NGX_ERROR) {
            return NGX_ERROR;
        }
        conf->variable_indexes[i] = (ngx_uint_t)index;
    }
    return NGX_OK;
}
