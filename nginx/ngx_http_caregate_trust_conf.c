/* SPDX-License-Identifier: Apache-2.0 */
/* Reads caregate_trust: the issuer, and how this gate proves itself there. */
#include "ngx_http_caregate_module.h"

/* A value after "name=". Returns NULL, or why it cannot be. */
typedef const char *(*option_taker)(ngx_conf_t *cf, struct caregate_trust_conf *trust,
                                    ngx_str_t value);

static const char *take_text(ngx_str_t *place, ngx_str_t value)
{
    if (place->len > 0) {
        return "an option is given twice";
    }
    *place = value;
    return NULL;
}

static const char *take_client(ngx_conf_t *cf, struct caregate_trust_conf *trust, ngx_str_t value)
{
    (void)cf;
    return take_text(&trust->client_id, value);
}

static const char *take_kid(ngx_conf_t *cf, struct caregate_trust_conf *trust, ngx_str_t value)
{
    (void)cf;
    return take_text(&trust->kid, value);
}

static const char *take_alg(ngx_conf_t *cf, struct caregate_trust_conf *trust, ngx_str_t value)
{
    (void)cf;
    return take_text(&trust->alg, value);
}

static const char *take_audience(ngx_conf_t *cf, struct caregate_trust_conf *trust, ngx_str_t value)
{
    (void)cf;
    return take_text(&trust->audience, value);
}

static const char *take_state(ngx_conf_t *cf, struct caregate_trust_conf *trust, ngx_str_t value)
{
    if (ngx_conf_full_name(cf->cycle, &value, 0) != NGX_OK) {
        return "memory is short";
    }
    return take_text(&trust->state, value);
}

static const char *take_secret(ngx_conf_t *cf, struct caregate_trust_conf *trust, ngx_str_t path,
                               ngx_uint_t is_key)
{
    const char *why = NULL;
    if (trust->secret != NULL) {
        return "one of secret_file and key_file is enough";
    }
    if (ngx_conf_full_name(cf->cycle, &path, 0) != NGX_OK) {
        return "memory is short";
    }
    trust->has_key = is_key;
    return caregate_secret_read(cf, &path, is_key, &trust->secret, &why) == NGX_OK ? NULL : why;
}

static const char *take_secret_file(ngx_conf_t *cf, struct caregate_trust_conf *trust,
                                    ngx_str_t value)
{
    return take_secret(cf, trust, value, 0);
}

static const char *take_key_file(ngx_conf_t *cf, struct caregate_trust_conf *trust, ngx_str_t value)
{
    return take_secret(cf, trust, value, 1);
}

static const struct {
    ngx_str_t start;
    option_taker take;
} options[] = {
    {ngx_string("client="), take_client},     {ngx_string("secret_file="), take_secret_file},
    {ngx_string("key_file="), take_key_file}, {ngx_string("kid="), take_kid},
    {ngx_string("alg="), take_alg},           {ngx_string("audience="), take_audience},
    {ngx_string("state="), take_state},
};

static const char *take_option(ngx_conf_t *cf, struct caregate_trust_conf *trust, ngx_str_t word)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        ngx_str_t start = options[i].start;
        if (word.len > start.len && ngx_strncmp(word.data, start.data, start.len) == 0) {
            ngx_str_t value = {.len = word.len - start.len, .data = word.data + start.len};
            return options[i].take(cf, trust, value);
        }
    }
    return "an option is not known, or empty";
}

static ngx_uint_t starts_with(ngx_str_t text, const char *start)
{
    size_t len = ngx_strlen(start);
    return text.len > len && ngx_strncmp(text.data, start, len) == 0;
}

/* What follows is appended: no query, no end that would double. http goes to this machine only. */
static const char *fault_of_issuer(ngx_str_t url)
{
    if (!starts_with(url, "https://") && !starts_with(url, "http://127.0.0.1") &&
        !starts_with(url, "http://localhost") && !starts_with(url, "http://[::1]")) {
        return "the issuer is no https URL";
    }
    for (size_t i = 0; i < url.len; i++) {
        if (url.data[i] <= ' ' || url.data[i] >= 0x7f || ngx_strchr("?#@\\\"", url.data[i])) {
            return "the issuer is no issuer's URL";
        }
    }
    return url.data[url.len - 1] == '/' ? "the issuer's URL ends with a slash" : NULL;
}

static const char *read_all(ngx_conf_t *cf, struct caregate_trust_conf *trust)
{
    const ngx_str_t *words = cf->args->elts;
    const char *why = fault_of_issuer(words[1]);
    trust->issuer = words[1];
    for (ngx_uint_t i = 2; why == NULL && i < cf->args->nelts; i++) {
        why = take_option(cf, trust, words[i]);
    }
    if (why != NULL) {
        return why;
    }
    if (trust->client_id.len == 0 || trust->secret == NULL) {
        return "it does not say as which client, and by what, the gate proves itself";
    }
    size_t of_key = trust->kid.len + trust->alg.len + trust->audience.len;
    return of_key > 0 && !trust->has_key ? "kid, alg and audience go with key_file" : NULL;
}

char *caregate_set_trust(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    struct caregate_trust_conf *trust = ngx_pcalloc(cf->pool, sizeof(*trust));
    if (main_conf->trust != NULL) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    if (trust == NULL) {
        return NGX_CONF_ERROR;
    }
    trust->place = (struct caregate_place){cf->conf_file->file.name, cf->conf_file->line};
    main_conf->trust = trust;
    const char *why = read_all(cf, trust);
    return why == NULL ? NGX_CONF_OK : caregate_directive_refuse(cf, cmd, why);
}
