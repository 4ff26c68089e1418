/* SPDX-License-Identifier: Apache-2.0 */
/* Reads caregate_profile, a block with a table of settings, and caregate_attach. */
#include "ngx_http_caregate_module.h"

#include <pwd.h>

#define NAME_MAX_LEN 64
#define CERTIFICATE_MAX ((off_t)65536)
#define RESOURCES_MAX 8
#define DEFAULT_TIMEOUT_MS 5000
#define TIMEOUT_MS_MAX 30000

struct setting;
/* Takes the values behind a setting's name. Returns NULL, or why they cannot be. */
typedef const char *(*setting_taker)(ngx_conf_t *cf, struct caregate_profile *profile,
                                     const struct setting *setting);

struct setting {
    ngx_str_t name;
    setting_taker take;
    const char *allowed;
    size_t offset;      /* of its place in the profile, where the taker wants one */
    ngx_uint_t is_list; /* several values, also by being given again */
    ngx_uint_t is_key;  /* of a file: a private key, not a secret */
    ngx_uint_t is_wanted;
};

static void *place_in(struct caregate_profile *profile, size_t offset)
{
    return (u_char *)profile + offset;
}

/* What goes into a form or a header stays within visible characters and spaces. */
static const char *take_text(ngx_conf_t *cf, struct caregate_profile *profile,
                             const struct setting *setting)
{
    ngx_str_t value = caregate_argument(cf, 1);
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < ' ' || value.data[i] >= 0x7f) {
            return "the value has a character that cannot be";
        }
    }
    *(ngx_str_t *)place_in(profile, setting->offset) = value;
    return value.len > 0 ? NULL : "the value is empty";
}

/* A path, or credential:NAME in the folder that systemd made for the service. */
static const char *find_file(ngx_conf_t *cf, ngx_str_t value, ngx_str_t *ret_path)
{
    static const ngx_str_t start = ngx_string("credential:");
    ngx_str_t path = value;
    if (value.len > start.len && ngx_strncmp(value.data, start.data, start.len) == 0) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): the master has no other thread. */
        const char *folder = getenv("CREDENTIALS_DIRECTORY");
        if (folder == NULL || ngx_strchr(value.data, '/') != NULL) {
            return "there is no such credential: systemd sets $CREDENTIALS_DIRECTORY";
        }
        size_t size = ngx_strlen(folder) + 1 + value.len;
        path.data = ngx_pnalloc(cf->pool, size + 1);
        if (path.data == NULL) {
            return "memory is short";
        }
        u_char *end = ngx_snprintf(path.data, size, "%s/%s", folder, value.data + start.len);
        *end = '\0';
        path.len = (size_t)(end - path.data);
    }
    if (path.len == 0) {
        return "it names no file";
    }
    *ret_path = path;
    return ngx_conf_full_name(cf->cycle, ret_path, 1) == NGX_OK ? NULL : "memory is short";
}

static const char *take_secret(ngx_conf_t *cf, struct caregate_profile *profile,
                               const struct setting *setting)
{
    static const ngx_str_t keyring = ngx_string("keyring:");
    ngx_str_t path = caregate_argument(cf, 1);
    const char *why = NULL;
    if (path.len > keyring.len && ngx_strncmp(path.data, keyring.data, keyring.len) == 0) {
        (void)caregate_keyring_read(cf, path, place_in(profile, setting->offset), &why);
        return why;
    }
    why = find_file(cf, path, &path);
    if (why == NULL) {
        (void)caregate_profile_secret_read(cf, &path, setting->is_key,
                                           place_in(profile, setting->offset), &why);
    }
    return why;
}

static const char *take_certificate(ngx_conf_t *cf, struct caregate_profile *profile,
                                    const struct setting *setting)
{
    ngx_str_t path = ngx_null_string;
    ngx_file_info_t info;
    const char *why = find_file(cf, caregate_argument(cf, 1), &path);
    (void)setting;
    if (why != NULL) {
        return why;
    }
    ngx_fd_t fd = ngx_open_file(path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return "the file cannot be read";
    }
    if (ngx_fd_info(fd, &info) != 0 || ngx_file_size(&info) > CERTIFICATE_MAX) {
        (void)ngx_close_file(fd);
        return "the file is larger than a certificate";
    }
    size_t size = (size_t)ngx_file_size(&info);
    profile->certificate.data = ngx_pnalloc(cf->pool, size + 1);
    ssize_t len =
        profile->certificate.data == NULL ? -1 : read(fd, profile->certificate.data, size);
    profile->certificate.len = len < 0 ? 0 : (size_t)len;
    (void)ngx_close_file(fd);
    return len > 0 ? NULL : "the file is empty, or cannot be read";
}

static const char *take_ca(ngx_conf_t *cf, struct caregate_profile *profile,
                           const struct setting *setting)
{
    const char *why = find_file(cf, caregate_argument(cf, 1), &profile->ca_file);
    (void)setting;
    if (why != NULL) {
        return why;
    }
    return access((const char *)profile->ca_file.data, R_OK) == 0 ? NULL
                                                                  : "the file cannot be read";
}

static const char *take_method(ngx_conf_t *cf, struct caregate_profile *profile,
                               const struct setting *setting)
{
    ngx_str_t value = caregate_argument(cf, 1);
    (void)setting;
    if (ngx_strcmp(value.data, "client_secret_basic") == 0) {
        profile->is_basic = 1;
        return NULL;
    }
    return ngx_strcmp(value.data, "client_secret_post") == 0 ? NULL : "there is no such method";
}

static const char *take_dpop(ngx_conf_t *cf, struct caregate_profile *profile,
                             const struct setting *setting)
{
    ngx_str_t value = caregate_argument(cf, 1);
    (void)setting;
    if (ngx_strcmp(value.data, "on") == 0) {
        profile->has_dpop = 1;
        return NULL;
    }
    return ngx_strcmp(value.data, "off") == 0 ? NULL : "it is neither on nor off";
}

static const char *take_timeout(ngx_conf_t *cf, struct caregate_profile *profile,
                                const struct setting *setting)
{
    ngx_str_t value = caregate_argument(cf, 1);
    ngx_int_t ms = ngx_parse_time(&value, 0);
    (void)setting;
    if (ms == NGX_ERROR || ms < 100 || ms > TIMEOUT_MS_MAX) {
        return "this is no time, too short or too long";
    }
    profile->timeout_ms = (ngx_msec_t)ms;
    return NULL;
}

/* Room for one more in a list of the profile's, which is made when it is not there. */
static void *push(ngx_conf_t *cf, ngx_array_t **list, size_t size)
{
    if (*list == NULL) {
        *list = ngx_array_create(cf->pool, 4, size);
    }
    return *list == NULL ? NULL : ngx_array_push(*list);
}

static const char *take_resources(ngx_conf_t *cf, struct caregate_profile *profile,
                                  const struct setting *setting)
{
    (void)setting;
    for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
        struct cg_span *resource = push(cf, &profile->resources, sizeof(*resource));
        if (resource == NULL) {
            return "memory is short";
        }
        *resource = caregate_span(caregate_argument(cf, i));
        if (profile->resources->nelts > RESOURCES_MAX) {
            return "these are too many";
        }
    }
    return NULL;
}

static const char *take_addresses(ngx_conf_t *cf, struct caregate_profile *profile,
                                  const struct setting *setting)
{
    (void)setting;
    for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
        ngx_str_t text = caregate_argument(cf, i);
        ngx_cidr_t *address = push(cf, &profile->addresses, sizeof(*address));
        /* NGX_DONE: the address has bits behind its mask, and may be meant otherwise. */
        if (address == NULL || ngx_ptocidr(&text, address) != NGX_OK) {
            return "this is no address";
        }
    }
    return NULL;
}

static const char *take_users(ngx_conf_t *cf, struct caregate_profile *profile,
                              const struct setting *setting)
{
    (void)setting;
    for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
        ngx_str_t name = caregate_argument(cf, i);
        uid_t *user = push(cf, &profile->users, sizeof(*user));
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): the master has no other thread. */
        const struct passwd *found = getpwnam((const char *)name.data);
        if (user == NULL || found == NULL) {
            return "there is no such user";
        }
        *user = found->pw_uid;
    }
    return NULL;
}

static const char *take_destinations(ngx_conf_t *cf, struct caregate_profile *profile,
                                     const struct setting *setting)
{
    (void)setting;
    for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
        struct caregate_destination *destination =
            push(cf, &profile->destinations, sizeof(*destination));
        if (destination == NULL) {
            return "memory is short";
        }
        const char *why = caregate_destination_read(cf, caregate_argument(cf, i), destination);
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

#define PLACE(member) offsetof(struct caregate_profile, member)

static const struct setting settings[] = {
    {ngx_string("token_url"), take_text, "an https URL, or http to this machine",
     .offset = PLACE(token_url), .is_wanted = 1},
    {ngx_string("client_id"), take_text, "a client id", .offset = PLACE(client_id), .is_wanted = 1},
    {ngx_string("secret_file"), take_secret,
     "a file with the secret in one line, credential:NAME or keyring:NAME",
     .offset = PLACE(secret)},
    {ngx_string("secret_method"), take_method, "client_secret_post or client_secret_basic",
     .offset = 0},
    {ngx_string("key_file"), take_secret,
     "a file with a private key in PEM, credential:NAME or keyring:NAME", .offset = PLACE(key),
     .is_key = 1},
    {ngx_string("kid"), take_text, "the key's name in the client's key set", .offset = PLACE(kid)},
    {ngx_string("alg"), take_text, "names such as PS256 or \"PS256 RS256\"", .offset = PLACE(alg)},
    {ngx_string("audience"), take_text, "whom the assertion is for, such as the issuer's URL",
     .offset = PLACE(audience)},
    {ngx_string("certificate_file"), take_certificate, "a file with a certificate in PEM",
     .offset = 0},
    {ngx_string("certificate_key_file"), take_secret,
     "a file with its private key in PEM, credential:NAME or keyring:NAME",
     .offset = PLACE(certificate_key), .is_key = 1},
    {ngx_string("scope"), take_text, "scopes, as in \"results.read results.write\"",
     .offset = PLACE(scope)},
    {ngx_string("resource"), take_resources, "up to 8 URLs of APIs", .is_list = 1},
    {ngx_string("ca_file"), take_ca, "a readable file of certificates in PEM", .offset = 0},
    {ngx_string("dpop"), take_dpop, "on or off", .offset = 0},
    {ngx_string("timeout"), take_timeout, "a time of 100ms to 30s", .offset = 0},
    {ngx_string("allow"), take_addresses, "addresses, as in 127.0.0.1 10.0.0.0/8", .is_list = 1},
    {ngx_string("allow_user"), take_users, "names of users", .is_list = 1},
    {ngx_string("destinations"), take_destinations,
     "https://HOST[:PORT], or http:// to this machine", .is_list = 1, .is_wanted = 1},
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static char *refuse_setting(ngx_conf_t *cf, const struct setting *setting, const char *why)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" in \"caregate_profile\": %s; allowed is: %s",
                       &setting->name, why, setting->allowed);
    return NGX_CONF_ERROR;
}

static char *take_setting(ngx_conf_t *cf, struct caregate_profile *profile, ngx_uint_t index)
{
    const struct setting *setting = &settings[index];
    if ((profile->given & ((ngx_uint_t)1 << index)) != 0 && !setting->is_list) {
        return refuse_setting(cf, setting, "it is given twice");
    }
    if (cf->args->nelts < 2 || (cf->args->nelts > 2 && !setting->is_list)) {
        return refuse_setting(cf, setting, "it has another number of values");
    }
    profile->given |= (ngx_uint_t)1 << index;
    const char *why = setting->take(cf, profile, setting);
    return why == NULL ? NGX_CONF_OK : refuse_setting(cf, setting, why);
}

/* nginx calls this for each line of the block. */
static char *read_line(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_str_t name = caregate_argument(cf, 0);
    (void)dummy;
    for (ngx_uint_t i = 0; i < SETTINGS; i++) {
        if (settings[i].name.len == name.len &&
            ngx_strncmp(settings[i].name.data, name.data, name.len) == 0) {
            return take_setting(cf, conf, i);
        }
    }
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"caregate_profile\" has no setting \"%V\"", &name);
    return NGX_CONF_ERROR;
}

static enum cg_client_method method_of(const struct caregate_profile *profile)
{
    if (profile->key != NULL) {
        return CG_CLIENT_PRIVATE_KEY_JWT;
    }
    if (profile->secret != NULL) {
        return profile->is_basic ? CG_CLIENT_SECRET_BASIC : CG_CLIENT_SECRET_POST;
    }
    return CG_CLIENT_TLS;
}

/* How it proves itself: by one of secret, key and certificate, all of it. */
static const char *fault_of_proof(const struct caregate_profile *profile)
{
    if (profile->secret != NULL && profile->key != NULL) {
        return "has both a secret_file and a key_file: one is enough";
    }
    if ((profile->certificate.len > 0) != (profile->certificate_key != NULL)) {
        return "has half of a certificate: certificate_file and certificate_key_file go together";
    }
    if (profile->secret == NULL && profile->key == NULL && profile->certificate.len == 0) {
        return "does not say by what the client proves itself: put a secret_file, a key_file or a "
               "certificate_file into it";
    }
    if (profile->kid.len + profile->alg.len + profile->audience.len > 0 && profile->key == NULL) {
        return "has kid, alg or audience, which go with key_file";
    }
    return profile->is_basic && profile->secret == NULL ? "has a secret_method but no secret_file"
                                                        : NULL;
}

static struct cg_span span_or_absent(ngx_str_t text)
{
    return text.len > 0 ? caregate_span(text) : (struct cg_span){.data = NULL, .len = 0};
}

static struct cg_span secret_span(const struct caregate_secret *secret)
{
    return secret == NULL ? (struct cg_span){.data = NULL, .len = 0}
                          : (struct cg_span){.data = secret->bytes, .len = secret->len};
}

/* A quick end breaks off what is asked; a graceful one waits for those who wait. */
static unsigned stops(void)
{
    return ngx_terminate != 0;
}

static const char *make_client(struct caregate_profile *profile)
{
    const char *trouble = "memory is short";
    struct cg_client_config config = {
        .token_url = caregate_span(profile->token_url),
        .client_id = caregate_span(profile->client_id),
        .method = method_of(profile),
        .secret = secret_span(profile->secret),
        .key = secret_span(profile->key),
        .kid = span_or_absent(profile->kid),
        .alg = span_or_absent(profile->alg),
        .audience = span_or_absent(profile->audience),
        .certificate = span_or_absent(profile->certificate),
        .certificate_key = secret_span(profile->certificate_key),
        .makes_proof_key = profile->has_dpop != 0,
        .ca_file = span_or_absent(profile->ca_file),
        .scope = span_or_absent(profile->scope),
        .timeout_ms = (long)profile->timeout_ms,
        .stops = stops,
    };
    if (profile->resources != NULL) {
        config.resources = profile->resources->elts;
        config.resource_count = profile->resources->nelts;
    }
    return cg_client_new(&config, &trouble, &profile->client) == CG_OK ? NULL : trouble;
}

static void free_client(void *data)
{
    struct caregate_profile *profile = data;
    profile->client = cg_client_free(profile->client);
}

/* At the block's end. */
static const char *finish_profile(ngx_conf_t *cf, struct caregate_profile *profile)
{
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    for (ngx_uint_t i = 0; i < SETTINGS; i++) {
        if (settings[i].is_wanted && (profile->given & ((ngx_uint_t)1 << i)) == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"caregate_profile\" needs \"%V\": %s",
                               &settings[i].name, settings[i].allowed);
            return "is incomplete";
        }
    }
    const char *why = fault_of_proof(profile);
    if (why == NULL) {
        why = cleanup == NULL ? "cannot be: memory is short" : make_client(profile);
    }
    if (why == NULL) {
        cleanup->data = profile;
        cleanup->handler = free_client;
        cg_client_tag(profile->client, profile->tag);
    }
    return why;
}

static struct caregate_profile *find_profile(const struct caregate_agent *agent, ngx_str_t name)
{
    for (ngx_uint_t i = 0; agent != NULL && i < agent->profiles.nelts; i++) {
        struct caregate_profile *profile = ((struct caregate_profile **)agent->profiles.elts)[i];
        if (profile->name.len == name.len &&
            ngx_strncmp(profile->name.data, name.data, name.len) == 0) {
            return profile;
        }
    }
    return NULL;
}

static ngx_uint_t is_name(ngx_str_t name)
{
    for (size_t i = 0; i < name.len; i++) {
        u_char letter = name.data[i];
        if ((letter < 'a' || letter > 'z') && (letter < '0' || letter > '9') && letter != '-') {
            return 0;
        }
    }
    return name.len > 0 && name.len <= NAME_MAX_LEN;
}

/* All that profiles share, made with the first. */
static struct caregate_agent *obtain_agent(ngx_conf_t *cf, struct caregate_main_conf *conf)
{
    struct caregate_agent *agent = conf->agent;
    if (agent != NULL) {
        return agent;
    }
    agent = ngx_pcalloc(cf->pool, sizeof(*agent));
    if (agent == NULL ||
        ngx_array_init(&agent->profiles, cf->pool, 4, sizeof(struct caregate_profile *)) !=
            NGX_OK ||
        caregate_tokens_add(cf, agent) != NGX_OK) {
        return NULL;
    }
    conf->agent = agent;
    return agent;
}

static struct caregate_profile *add_profile(ngx_conf_t *cf, struct caregate_agent *agent)
{
    struct caregate_profile *profile = ngx_pcalloc(cf->pool, sizeof(*profile));
    struct caregate_profile **slot = ngx_array_push(&agent->profiles);
    if (profile == NULL || slot == NULL) {
        return NULL;
    }
    *slot = profile;
    profile->name = caregate_argument(cf, 1);
    profile->number = agent->profiles.nelts - 1;
    profile->place = caregate_directive_place(cf);
    profile->timeout_ms = DEFAULT_TIMEOUT_MS;
    return profile;
}

static char *refuse_profile(ngx_conf_t *cf, const struct caregate_profile *profile, const char *why)
{
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "\"caregate_profile %V\": %s in %V:%ui",
                  &profile->name, why, &profile->place.file, profile->place.line);
    return NGX_CONF_ERROR;
}

char *caregate_set_profile(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    ngx_conf_t saved = *cf;
    if (!is_name(caregate_argument(cf, 1))) {
        return caregate_directive_refuse(cf, cmd, "this is no name of a profile");
    }
    if (find_profile(main_conf->agent, caregate_argument(cf, 1)) != NULL) {
        return caregate_directive_refuse(cf, cmd, "there is such a profile already");
    }
    struct caregate_agent *agent = obtain_agent(cf, main_conf);
    if (agent == NULL) {
        return NGX_CONF_ERROR;
    }
    if (agent->profiles.nelts >= CAREGATE_PROFILES_MAX) {
        return caregate_directive_refuse(cf, cmd, "there are 32 profiles already");
    }
    struct caregate_profile *profile = add_profile(cf, agent);
    if (profile == NULL) {
        return NGX_CONF_ERROR;
    }
    cf->handler = read_line;
    cf->handler_conf = (void *)profile;
    char *rc = ngx_conf_parse(cf, NULL);
    *cf = saved;
    if (rc != NGX_CONF_OK) {
        return rc;
    }
    const char *why = finish_profile(cf, profile);
    return why == NULL ? NGX_CONF_OK : refuse_profile(cf, profile, why);
}

/* Proofs name the URL as the API knows it, which nginx does not tell: "base=https://HOST/PATH/". */
static const char *take_base(ngx_conf_t *cf, struct caregate_loc_conf *location)
{
    static const ngx_str_t start = ngx_string("base=");
    ngx_str_t word = cf->args->nelts > 2 ? caregate_argument(cf, 2) : (ngx_str_t)ngx_null_string;
    ngx_str_t path = caregate_location_path(cf);
    if (word.len == 0) {
        return location->attach->has_dpop
                   ? "a profile with dpop wants to know how the API is called: base=https://HOST/"
                   : NULL;
    }
    if (word.len <= start.len || ngx_strncmp(word.data, start.data, start.len) != 0) {
        return "the second value is no base";
    }
    ngx_str_t base = {.len = word.len - start.len, .data = word.data + start.len};
    if (path.len == 0) {
        return "base is for a location with a plain path";
    }
    for (size_t i = 0; i < base.len; i++) {
        if (base.data[i] <= ' ' || base.data[i] >= 0x7f || ngx_strchr("?#\"\\", base.data[i])) {
            return "base is no URL without a query";
        }
    }
    ngx_uint_t is_http =
        ngx_strncmp(base.data, "https://", 8) == 0 || ngx_strncmp(base.data, "http://", 7) == 0;
    if (!is_http || base.data[base.len - 1] != '/' || path.data[path.len - 1] != '/') {
        return "base is an https URL that ends in /, as the location's path does";
    }
    location->attach_base = base;
    return NULL;
}

char *caregate_set_attach(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf =
        ngx_http_conf_get_module_main_conf(cf, ngx_http_caregate_module);
    struct caregate_loc_conf *location = conf;
    if (location->attach != NULL) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    location->attach = find_profile(main_conf->agent, caregate_argument(cf, 1));
    if (location->attach == NULL) {
        return caregate_directive_refuse(
            cf, cmd, "there is no such profile: \"caregate_profile\" must stand before");
    }
    location->attach_place = caregate_directive_place(cf);
    const char *why = take_base(cf, location);
    return why == NULL ? NGX_CONF_OK : caregate_directive_refuse(cf, cmd, why);
}
