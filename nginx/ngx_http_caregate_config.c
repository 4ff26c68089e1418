/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's life: made, inherited, and checked as a whole when all of it is read. */
#include "ngx_http_caregate_module.h"

#include <ngx_event.h>

#define DEFAULT_NICE 19
#define DEFAULT_MAX_AGE_S 3600
#define DEFAULT_BUNDLE_MAX ((size_t)1024 * 1024)
/* Two snapshots of the largest size, the counters, and room for 13,000 proofs of possession a
 * second. Pages that are not used cost nothing. */
#define DEFAULT_ZONE_BYTES ((size_t)64 * 1024 * 1024)

void *caregate_config_create_main(ngx_conf_t *cf)
{
    struct caregate_main_conf *conf = ngx_pcalloc(cf->pool, sizeof(*conf));
    if (conf == NULL) {
        return NULL;
    }
    conf->thread_nice = NGX_CONF_UNSET;
    conf->snapshot_max_age_s = NGX_CONF_UNSET;
    return conf;
}

char *caregate_config_init_main(ngx_conf_t *cf, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    ngx_conf_init_value(main_conf->thread_nice, DEFAULT_NICE);
    ngx_conf_init_value(main_conf->snapshot_max_age_s, DEFAULT_MAX_AGE_S);
    (void)cf;
    return NGX_CONF_OK;
}

void *caregate_config_create_location(ngx_conf_t *cf)
{
    struct caregate_loc_conf *conf = ngx_pcalloc(cf->pool, sizeof(*conf));
    if (conf == NULL) {
        return NULL;
    }
    conf->fhir = NGX_CONF_UNSET;
    conf->forward_token = NGX_CONF_UNSET;
    conf->status = NGX_CONF_UNSET;
    conf->bundle_max = NGX_CONF_UNSET_SIZE;
    return conf;
}

/* Says of a directive, at its place, why the configuration as a whole cannot be. */
static char *refuse(ngx_conf_t *cf, const char *directive, const struct caregate_place *place,
                    const char *why)
{
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "\"%s\" %s in %V:%ui", directive, why, &place->file,
                  place->line);
    return NGX_CONF_ERROR;
}

/* What gate and issuer both stand on. */
static char *demand_parts(ngx_conf_t *cf, struct caregate_main_conf *conf, const char *directive,
                          const struct caregate_place *place)
{
    ngx_str_t pool_name = ngx_string("caregate");
    if (conf->pool != NULL) {
        return NGX_CONF_OK;
    }
    if (conf->trust != NULL && conf->store.len > 0) {
        return refuse(cf, "caregate_trust", &conf->trust->place,
                      "is for a gate without a store: take \"caregate_store\" out, or this");
    }
    if (conf->trust == NULL && conf->store.len == 0) {
        return refuse(cf, directive, place,
                      "needs a store: put \"caregate_store sqlite:PATH;\" into the http block");
    }
    if (conf->trust == NULL && conf->master_key == NULL) {
        /* A gate writes its refusals to the audit, whose checkpoints are signed with a sealed key.
         */
        return refuse(
            cf, directive, place,
            "needs the master key: put \"caregate_master_key FILE;\" into the http block");
    }
    if ((conf->pkcs11_module.len > 0) != (conf->pkcs11_pin != NULL)) {
        return refuse(
            cf, directive, place,
            "has half of a PKCS #11 module: caregate_pkcs11_module and caregate_pkcs11_pin "
            "go together");
    }
    if (conf->zone == NULL && caregate_zone_add(cf, conf, DEFAULT_ZONE_BYTES) != NGX_OK) {
        return NGX_CONF_ERROR;
    }
    conf->pool = ngx_thread_pool_get(cf->cycle, &pool_name);
    return conf->pool != NULL ? NGX_CONF_OK
                              : refuse(cf, directive, place,
                                       "needs threads: put \"thread_pool caregate threads=2;\" "
                                       "before the http block");
}

static void free_route(void *data)
{
    (void)cg_gate_route_free(data);
}

static struct cg_gate_rule *library_rules(ngx_conf_t *cf, const struct caregate_loc_conf *location)
{
    ngx_uint_t count = location->rules == NULL ? 0 : location->rules->nelts;
    struct cg_gate_rule *rules = ngx_pcalloc(cf->pool, (count + 1) * sizeof(*rules));
    for (ngx_uint_t i = 0; rules != NULL && i < count; i++) {
        const struct caregate_rule *rule = (struct caregate_rule *)location->rules->elts + i;
        rules[i] = (struct cg_gate_rule){.methods = rule->methods,
                                         .scopes = rule->scopes.elts,
                                         .scope_count = rule->scopes.nelts};
    }
    return rules;
}

static char *make_route(ngx_conf_t *cf, struct caregate_loc_conf *location)
{
    const char *message = "cannot be: memory is short";
    struct cg_gate_route_config config = {
        .realm = caregate_span(location->api_realm),
        .api = caregate_span(location->api),
        .rules = library_rules(cf, location),
        .rule_count = location->rules == NULL ? 0 : location->rules->nelts,
        .fhir = location->fhir == 1,
        .operations = caregate_smart_operations(cf, location),
        .operation_count = location->operations == NULL ? 0 : location->operations->nelts,
    };
    if (location->smart_base.len > 0) {
        config.smart_base = caregate_span(location->smart_base);
        config.body_max_bytes = location->bundle_max;
    }
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (config.rules == NULL || config.operations == NULL || cleanup == NULL ||
        cg_gate_route_new(&config, &location->route, &message) != CG_OK) {
        return refuse(cf, "caregate_api", &location->api_place, message);
    }
    cleanup->data = location->route;
    cleanup->handler = free_route;
    return NGX_CONF_OK;
}

static void inherit_smart(const struct caregate_loc_conf *parent, struct caregate_loc_conf *child)
{
    if (!child->has_smart) {
        child->smart_base = parent->smart_base;
        child->smart_place = parent->smart_place;
    }
    if (child->operations == NULL && child->smart_base.len > 0) {
        child->operations = parent->operations;
        child->operations_place = parent->operations_place;
    }
}

/* Protection goes down to nested locations; rules go with the API that they are about. */
static void inherit(const struct caregate_loc_conf *parent, struct caregate_loc_conf *child)
{
    ngx_conf_merge_value(child->fhir, parent->fhir, 0);
    ngx_conf_merge_value(child->forward_token, parent->forward_token, 0);
    ngx_conf_merge_str_value(child->origin, parent->origin, "");
    ngx_uint_t is_as_large = child->bundle_max == NGX_CONF_UNSET_SIZE;
    ngx_conf_merge_size_value(child->bundle_max, parent->bundle_max, DEFAULT_BUNDLE_MAX);
    if (child->api.len > 0 || parent->api.len == 0) {
        return;
    }
    child->api = parent->api;
    child->api_realm = parent->api_realm;
    child->api_place = parent->api_place;
    ngx_uint_t is_same = child->rules == NULL && child->fhir == parent->fhir && !child->has_smart &&
                         child->operations == NULL && is_as_large;
    if (child->rules == NULL) {
        child->rules = parent->rules;
        child->rules_place = parent->rules_place;
    }
    inherit_smart(parent, child);
    if (is_same) {
        child->route = parent->route;
    }
}

/* "if" and limit_except within a location go on with what the location does. */
static void inherit_handler(ngx_conf_t *cf, const struct caregate_loc_conf *parent,
                            struct caregate_loc_conf *child)
{
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    if (!core->noname && !core->lmt_excpt) {
        return;
    }
    if (child->attach == NULL && parent->attach != NULL) {
        child->attach = parent->attach;
        child->attach_place = parent->attach_place;
        child->attach_base = parent->attach_base;
    }
    if (child->issuer_realm.len == 0 && parent->issuer_realm.len > 0) {
        child->issuer_realm = parent->issuer_realm;
        child->issuer_place = parent->issuer_place;
    }
    if (core->lmt_excpt && core->handler == NULL) {
        core->handler = parent->issuer_realm.len > 0 ? caregate_content_handler
                        : parent->status == 1        ? caregate_status_handler
                                                     : NULL;
    }
}

static char *check_issuer(ngx_conf_t *cf, struct caregate_main_conf *conf,
                          const struct caregate_loc_conf *location)
{
    static const char directive[] = "caregate_issuer";
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    if (location->api.len > 0) {
        return refuse(cf, directive, &location->issuer_place,
                      "cannot issue tokens where \"caregate_api\" asks for one");
    }
    if (core->handler != caregate_content_handler && !core->noname) {
        return refuse(cf, directive, &location->issuer_place,
                      "shares its location with another directive that answers requests");
    }
    if (conf->trust != NULL) {
        return refuse(cf, directive, &location->issuer_place,
                      "needs a store, and \"caregate_trust\" is for a gate without one");
    }
    /* The issuer bounds bodies itself and says so in its own words. */
    core->client_max_body_size = 0;
    conf->has_issuer = 1;
    return demand_parts(cf, conf, directive, &location->issuer_place);
}

static char *check_gate(ngx_conf_t *cf, struct caregate_main_conf *conf,
                        struct caregate_loc_conf *location)
{
    conf->has_gate = 1;
    if (location->operations != NULL && location->smart_base.len == 0) {
        return refuse(cf, "caregate_operation", &location->operations_place,
                      "needs \"caregate_smart\" in its location or around it");
    }
    if (demand_parts(cf, conf, "caregate_api", &location->api_place) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }
    return location->route == NULL ? make_route(cf, location) : NGX_CONF_OK;
}

/* What a location says of an API that it does not have. */
static char *check_open(ngx_conf_t *cf, const struct caregate_loc_conf *location)
{
    static const char why[] = "needs \"caregate_api\" in its location or around it";
    if (location->rules != NULL) {
        return refuse(cf, "caregate_require", &location->rules_place, why);
    }
    if (location->smart_base.len > 0) {
        return refuse(cf, "caregate_smart", &location->smart_place, why);
    }
    if (location->forward != CAREGATE_FORWARD_NONE) {
        return refuse(cf, "caregate_forward_auth", &location->forward_place, why);
    }
    return location->operations == NULL
               ? NGX_CONF_OK
               : refuse(cf, "caregate_operation", &location->operations_place, why);
}

/* Then nginx writes down what it sends, header by header. */
static ngx_uint_t is_debugged(ngx_conf_t *cf)
{
    const ngx_http_core_loc_conf_t *core =
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    for (const ngx_log_t *log = core->error_log; log != NULL; log = log->next) {
        if ((log->log_level & NGX_LOG_DEBUG_ALL) != 0) {
            return 1;
        }
    }
#if (NGX_DEBUG)
    if (ngx_get_conf(cf->cycle->conf_ctx, ngx_events_module) != NULL) {
        const ngx_event_conf_t *event =
            ngx_event_get_conf(cf->cycle->conf_ctx, ngx_event_core_module);
        return event->debug_connection.nelts > 0;
    }
#endif
    return 0;
}

/* What attaching stands on. */
static char *check_attach(ngx_conf_t *cf, struct caregate_main_conf *conf,
                          struct caregate_loc_conf *location)
{
    static const char directive[] = "caregate_attach";
    ngx_str_t pool_name = ngx_string("caregate");
    const char *message = "cannot be: memory is short";
    struct cg_gate_route_config config = {.api = CAREGATE_SPAN("any"), .fhir = location->fhir == 1};
    const char *fault = caregate_pin_fault(cf, location->attach);
    if (fault != NULL) {
        return refuse(cf, directive, &location->attach_place, fault);
    }
    if (is_debugged(cf)) {
        return refuse(cf, directive, &location->attach_place,
                      "would have its tokens written to the log: take \"debug\" out of error_log, "
                      "and debug_connection out of events");
    }
    conf->agent->pool = ngx_thread_pool_get(cf->cycle, &pool_name);
    if (conf->agent->pool == NULL) {
        return refuse(cf, directive, &location->attach_place,
                      "needs threads: put \"thread_pool caregate threads=2;\" before the http "
                      "block");
    }
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (cleanup == NULL || cg_gate_route_new(&config, &location->attach_route, &message) != CG_OK) {
        return refuse(cf, directive, &location->attach_place, message);
    }
    cleanup->data = location->attach_route;
    cleanup->handler = free_route;
    return NGX_CONF_OK;
}

char *caregate_config_merge_location(ngx_conf_t *cf, void *parent, void *child)
{
    struct caregate_main_conf *conf =
        ngx_http_conf_get_module_main_conf(cf, ngx_http_caregate_module);
    struct caregate_loc_conf *location = child;
    inherit(parent, location);
    inherit_handler(cf, parent, location);
    if (location->status == NGX_CONF_UNSET) {
        location->status = 0;
    }
    if (location->attach != NULL && location->issuer_realm.len + location->api.len > 0) {
        return refuse(
            cf, "caregate_attach", &location->attach_place,
            "stands where the gate or the issuer does: put it into a location of its own");
    }
    if (location->attach != NULL && check_attach(cf, conf, location) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }
    if (location->issuer_realm.len > 0) {
        return check_issuer(cf, conf, location);
    }
    if (location->api.len > 0) {
        return check_gate(cf, conf, location);
    }
    return check_open(cf, location);
}
