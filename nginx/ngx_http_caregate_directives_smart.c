/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the directives of locations with a FHIR API. */
#include "ngx_http_caregate_module.h"

static ngx_uint_t is_word(ngx_str_t value, const char *word)
{
    return value.len == ngx_strlen(word) && ngx_strncmp(value.data, word, value.len) == 0;
}

ngx_str_t caregate_location_path(ngx_conf_t *cf)
{
    const ngx_http_core_loc_conf_t *core =
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    ngx_uint_t is_plain = !core->exact_match && !core->named && !core->noname;
#if (NGX_PCRE)
    is_plain = is_plain && core->regex == NULL;
#endif
    return is_plain ? core->name : (ngx_str_t)ngx_null_string;
}

char *caregate_set_smart(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_loc_conf *location = conf;
    ngx_str_t value = caregate_argument(cf, 1);
    if (location->has_smart) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    location->has_smart = 1;
    location->smart_place = caregate_directive_place(cf);
    if (is_word(value, "off")) {
        return NGX_CONF_OK;
    }
    location->smart_base = is_word(value, "on") ? caregate_location_path(cf) : value;
    if (location->smart_base.len == 0) {
        return caregate_directive_refuse(
            cf, cmd, "the location does not tell where the base is: name its path instead of on");
    }
    struct cg_gate_route_config trial = {.api = CAREGATE_SPAN("any"),
                                         .smart_base = caregate_span(location->smart_base)};
    const char *fault = caregate_route_fault(&trial);
    return fault == NULL ? NGX_CONF_OK : caregate_directive_refuse(cf, cmd, fault);
}

char *caregate_set_operation(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_loc_conf *location = conf;
    if (location->operations == NULL) {
        location->operations = ngx_array_create(cf->pool, 4, sizeof(struct caregate_operation));
        location->operations_place = caregate_directive_place(cf);
    }
    struct caregate_operation *operation =
        location->operations == NULL ? NULL : ngx_array_push(location->operations);
    if (operation == NULL || caregate_directive_scopes(cf, 2, caregate_argument(cf, 2),
                                                       &operation->scopes) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }
    operation->name = caregate_argument(cf, 1);
    struct cg_gate_route_config trial = {.api = CAREGATE_SPAN("any"),
                                         .smart_base = CAREGATE_SPAN("/"),
                                         .operations = caregate_smart_operations(cf, location),
                                         .operation_count = location->operations->nelts};
    if (trial.operations == NULL) {
        return NGX_CONF_ERROR;
    }
    const char *fault = caregate_route_fault(&trial);
    return fault == NULL ? NGX_CONF_OK : caregate_directive_refuse(cf, cmd, fault);
}
