/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets in files: the master key, 32 bytes as 43 base64url characters, the PIN of a security
 * module, and what a gate without a store proves itself by. nginx's master reads them while it
 * still may, each into a page of its own that is not swapped and not dumped; workers inherit it.
 */
#include "ngx_http_caregate_module.h"

#include <sys/mman.h>

#define LINE_CHARS 43
/* The longest file fills a page less its length; one byte more is noticed. */
#define FILE_MAX CAREGATE_SECRET_PAGE_BYTES

/* What a page is for, and what is in it. `decode` says what is wrong with a text, NULL: nothing. */
struct kind {
    const char *directive;
    const char *(*decode)(u_char *text, size_t len, void *page);
    ngx_uint_t checks_owner; /* else its mode is enough */
};

static void release(void *data)
{
    explicit_bzero(data, CAREGATE_SECRET_PAGE_BYTES);
    (void)munmap(data, CAREGATE_SECRET_PAGE_BYTES);
}

static void *make_page(ngx_conf_t *cf, const struct kind *kind)
{
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (cleanup == NULL) {
        return NULL;
    }
    void *page = mmap(NULL, CAREGATE_SECRET_PAGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
    cleanup->data = page;
    cleanup->handler = release;
    if (mlock(page, CAREGATE_SECRET_PAGE_BYTES) != 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                           "%s: its memory cannot be locked, it may be swapped", kind->directive);
    }
    (void)madvise(page, CAREGATE_SECRET_PAGE_BYTES, MADV_DONTDUMP);
    return page;
}

static ngx_uint_t is_base64url(u_char letter)
{
    return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= 'a' && letter <= 'z') || letter == '-' || letter == '_';
}

/* Strict: nginx's own decoder stops at the first character that it does not know. */
static const char *decode_key(u_char *text, size_t len, void *page)
{
    if (len == LINE_CHARS + 1 && text[LINE_CHARS] == '\n') {
        len--;
    }
    if (len != LINE_CHARS) {
        return "the file holds something other than one key";
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_base64url(text[i])) {
            return "the file holds something other than one key";
        }
    }
    u_char bytes[CG_MASTER_KEY_BYTES + 3];
    ngx_str_t source = {.len = len, .data = text};
    ngx_str_t target = {.len = 0, .data = bytes};
    ngx_int_t rc = ngx_decode_base64url(&target, &source);
    if (rc == NGX_OK && target.len == CG_MASTER_KEY_BYTES) {
        ngx_memcpy(page, bytes, CG_MASTER_KEY_BYTES);
    } else {
        rc = NGX_ERROR;
    }
    explicit_bzero(bytes, sizeof(bytes));
    return rc == NGX_OK ? NULL : "the file holds something other than one key";
}

/* A PIN is what the token takes for one: all of the line. */
static const char *decode_pin(u_char *text, size_t len, void *page)
{
    struct caregate_pin *pin = page;
    if (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    if (len == 0 || len > sizeof(pin->bytes) || ngx_strlchr(text, text + len, '\n') != NULL) {
        return "the file holds something other than one PIN";
    }
    ngx_memcpy(pin->bytes, text, len);
    pin->len = len;
    return NULL;
}

static const char *keep_secret(const u_char *text, size_t len, struct caregate_secret *secret)
{
    if (len == 0 || len > sizeof(secret->bytes)) {
        return "the file is empty, or longer than a secret or a key";
    }
    ngx_memcpy(secret->bytes, text, len);
    secret->len = len;
    return NULL;
}

static const char *decode_secret(u_char *text, size_t len, void *page)
{
    if (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    return ngx_strlchr(text, text + len, '\n') != NULL
               ? "the file holds something other than one secret"
               : keep_secret(text, len, page);
}

/* What kind of key it is, the library sees. */
static const char *decode_pem(u_char *text, size_t len, void *page)
{
    return keep_secret(text, len, page);
}

static const struct kind gate_secret = {"caregate_trust", decode_secret, 0};
static const struct kind gate_key = {"caregate_trust", decode_pem, 0};
static const struct kind profile_secret = {"caregate_profile", decode_secret, 1};
static const struct kind profile_key = {"caregate_profile", decode_pem, 1};
static const struct kind master_key = {"caregate_master_key", decode_key, 0};
static const struct kind pin = {"caregate_pkcs11_pin", decode_pin, 0};

/* Root, who reads it, or the user that the workers run as: others could change it. */
static ngx_uint_t is_trusted(const ngx_conf_t *cf, uid_t owner)
{
    const ngx_core_conf_t *core =
        (const ngx_core_conf_t *)ngx_get_conf(cf->cycle->conf_ctx, ngx_core_module);
    return owner == 0 || owner == geteuid() || owner == core->user;
}

static const char *read_from(const ngx_conf_t *cf, ngx_fd_t fd, const struct kind *kind, void *page)
{
    ngx_file_info_t info;
    if (ngx_fd_info(fd, &info) != 0 || !ngx_is_file(&info)) {
        return "this is no file";
    }
    if (kind->checks_owner && !is_trusted(cf, info.st_uid)) {
        return "the file is of another user than root and the one that nginx runs as";
    }
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return "the file is open to its group or to others: chmod 0600 it";
    }
    u_char text[FILE_MAX];
    ssize_t len = read(fd, text, sizeof(text));
    const char *fault = len < 0 ? "the file cannot be read" : kind->decode(text, (size_t)len, page);
    explicit_bzero(text, sizeof(text));
    return fault;
}

static ngx_int_t read_secret(ngx_conf_t *cf, const struct kind *kind, ngx_str_t *path,
                             void **ret_page, const char **ret_why)
{
    ngx_fd_t fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "cannot open \"%V\"", path);
        *ret_why = "the file cannot be opened";
        return NGX_ERROR;
    }
    void *page = make_page(cf, kind);
    const char *why = page == NULL ? "memory is short" : read_from(cf, fd, kind, page);
    (void)ngx_close_file(fd);
    if (why != NULL) {
        *ret_why = why;
        return NGX_ERROR;
    }
    *ret_page = page;
    return NGX_OK;
}

ngx_int_t caregate_master_key_read(ngx_conf_t *cf, ngx_str_t *path, uint8_t **ret_key,
                                   const char **ret_why)
{
    void *page = NULL;
    if (read_secret(cf, &master_key, path, &page, ret_why) != NGX_OK) {
        return NGX_ERROR;
    }
    *ret_key = page;
    return NGX_OK;
}

ngx_int_t caregate_pin_read(ngx_conf_t *cf, ngx_str_t *path, struct caregate_pin **ret_pin,
                            const char **ret_why)
{
    void *page = NULL;
    if (read_secret(cf, &pin, path, &page, ret_why) != NGX_OK) {
        return NGX_ERROR;
    }
    *ret_pin = page;
    return NGX_OK;
}

ngx_int_t caregate_secret_read(ngx_conf_t *cf, ngx_str_t *path, ngx_uint_t is_key,
                               struct caregate_secret **ret_secret, const char **ret_why)
{
    void *page = NULL;
    if (read_secret(cf, is_key ? &gate_key : &gate_secret, path, &page, ret_why) != NGX_OK) {
        return NGX_ERROR;
    }
    *ret_secret = page;
    return NGX_OK;
}

ngx_int_t caregate_keyring_read(ngx_conf_t *cf, ngx_str_t source,
                                struct caregate_secret **ret_secret, const char **ret_why)
{
    struct cg_span found = {.data = NULL, .len = 0};
    struct caregate_secret *secret = make_page(cf, &profile_secret);
    if (secret == NULL) {
        *ret_why = "memory is short";
        return NGX_ERROR;
    }
    if (cg_client_read_secret((const char *)source.data, secret->bytes, sizeof(secret->bytes),
                              ret_why, &found) != CG_OK) {
        return NGX_ERROR;
    }
    if (found.data != secret->bytes) {
        ngx_memmove(secret->bytes, found.data, found.len);
    }
    secret->len = found.len;
    *ret_secret = secret;
    return NGX_OK;
}

ngx_int_t caregate_profile_secret_read(ngx_conf_t *cf, ngx_str_t *path, ngx_uint_t is_key,
                                       struct caregate_secret **ret_secret, const char **ret_why)
{
    void *page = NULL;
    if (read_secret(cf, is_key ? &profile_key : &profile_secret, path, &page, ret_why) != NGX_OK) {
        return NGX_ERROR;
    }
    *ret_secret = page;
    return NGX_OK;
}
