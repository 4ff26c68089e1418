/* SPDX-License-Identifier: Apache-2.0 */
/* What nginx is told about the module: its directives, its hooks, itself. */
#include "ngx_http_caregate_module.h"

/* What each directive allows stands in ngx_http_caregate_directives.c; docs/DIRECTIVES.md explains.
 */
/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): nginx's API takes these three
 * tables as if they could change, and numbers its modules. */
static ngx_command_t commands[] = {
    {ngx_string("caregate_store"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, caregate_set_store,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_master_key"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     caregate_set_master_key, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_pkcs11_module"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     caregate_set_pkcs11_module, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_pkcs11_pin"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     caregate_set_pkcs11_pin, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_thread_nice"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     caregate_set_thread_nice, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_zone"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, caregate_set_zone,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_snapshot_max_age"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     caregate_set_max_age, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_token_rate"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE12,
     caregate_set_token_rate, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_client_certificate_header"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE23,
     caregate_set_certificate_header, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_trust"), NGX_HTTP_MAIN_CONF | NGX_CONF_2MORE, caregate_set_trust,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_fetch_hosts"), NGX_HTTP_MAIN_CONF | NGX_CONF_1MORE,
     caregate_set_fetch_hosts, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_fetch_ca"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, caregate_set_fetch_ca,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_issuer"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, caregate_set_issuer,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_api"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE12, caregate_set_api,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_require"), NGX_HTTP_LOC_CONF | NGX_CONF_1MORE, caregate_set_require,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_smart"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, caregate_set_smart,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_bundle_max"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, ngx_conf_set_size_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(struct caregate_loc_conf, bundle_max), NULL},
    {ngx_string("caregate_operation"), NGX_HTTP_LOC_CONF | NGX_CONF_2MORE, caregate_set_operation,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_forward_auth"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1,
     caregate_set_forward_auth, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_fhir"), NGX_HTTP_LOC_CONF | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(struct caregate_loc_conf, fhir), NULL},
    {ngx_string("caregate_forward_token"), NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
     ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(struct caregate_loc_conf, forward_token), NULL},
    {ngx_string("caregate_origin"),
     NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1,
     caregate_set_origin, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_profile"), NGX_HTTP_MAIN_CONF | NGX_CONF_BLOCK | NGX_CONF_TAKE1,
     caregate_set_profile, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_attach"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE12, caregate_set_attach,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("caregate_status"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, caregate_set_status,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    ngx_null_command,
};

static ngx_int_t push_handler(ngx_http_core_main_conf_t *core, ngx_uint_t phase,
                              ngx_http_handler_pt handler)
{
    ngx_http_handler_pt *place = ngx_array_push(&core->phases[phase].handlers);
    if (place == NULL) {
        return NGX_ERROR;
    }
    *place = handler;
    return NGX_OK;
}

/* OpenSSL is to wipe what it decrypted once nginx has it: requests to the issuer hold secrets. */
static void wipe_plaintext(const ngx_http_core_main_conf_t *core)
{
#if (NGX_HTTP_SSL)
    ngx_http_core_srv_conf_t *const *servers = core->servers.elts;
    for (ngx_uint_t i = 0; i < core->servers.nelts; i++) {
        const ngx_http_ssl_srv_conf_t *conf =
            servers[i]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];
        if (conf->ssl.ctx != NULL) {
            (void)SSL_CTX_set_options(conf->ssl.ctx, SSL_OP_CLEANSE_PLAINTEXT);
        }
    }
#else
    (void)core;
#endif
}

static ngx_int_t postconfigure(ngx_conf_t *cf)
{
    struct caregate_main_conf *conf =
        ngx_http_conf_get_module_main_conf(cf, ngx_http_caregate_module);
    if (!conf->has_gate && !conf->has_issuer && conf->agent == NULL) {
        return NGX_OK;
    }
    ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    if (push_handler(core, NGX_HTTP_POST_READ_PHASE, caregate_identity_strip_handler) != NGX_OK ||
        push_handler(core, NGX_HTTP_REWRITE_PHASE, caregate_access_handler) != NGX_OK ||
        (conf->agent != NULL &&
         push_handler(core, NGX_HTTP_REWRITE_PHASE, caregate_attach_handler) != NGX_OK) ||
        caregate_identity_prepare(cf, conf) != NGX_OK) {
        return NGX_ERROR;
    }
    if (conf->has_issuer) {
        wipe_plaintext(core);
    }
    conf->next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = caregate_header_filter;
    conf->next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = caregate_body_filter;
    return caregate_variables_index(cf, conf);
}

static ngx_int_t init_module(ngx_cycle_t *cycle)
{
    caregate_access_come_first(cycle);
    return NGX_OK;
}

static ngx_http_module_t hooks = {
    .preconfiguration = caregate_variables_add,
    .postconfiguration = postconfigure,
    .create_main_conf = caregate_config_create_main,
    .init_main_conf = caregate_config_init_main,
    .create_loc_conf = caregate_config_create_location,
    .merge_loc_conf = caregate_config_merge_location,
};

ngx_module_t ngx_http_caregate_module = {
    NGX_MODULE_V1,
    &hooks,
    commands,
    NGX_HTTP_MODULE,
    NULL, /* init master */
    init_module,
    caregate_worker_init,
    NULL, /* init thread */
    NULL, /* exit thread */
    caregate_worker_exit,
    NULL, /* exit master */
    NGX_MODULE_V1_PADDING,
};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */
