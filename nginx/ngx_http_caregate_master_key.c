/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master key: a file of one line, 32 bytes as 43 base64url characters. nginx's master reads it
 * while it still may, into a page of its own that is not swapped and not dumped; workers inherit
 * it.
 */
#include "ngx_http_caregate_module.h"

#include <sys/mman.h>

#define LINE_CHARS 43
#define FILE_MAX (LINE_CHARS + 2) /* an end of line, and one more to notice that there is more */

static void release(void *data)
{
    explicit_bzero(data, CG_MASTER_KEY_BYTES);
    (void)munmap(data, CG_MASTER_KEY_BYTES);
}

static uint8_t *make_page(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (cleanup == NULL) {
        return NULL;
    }
    void *page =
        mmap(NULL, CG_MASTER_KEY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
    cleanup->data = page;
    cleanup->handler = release;
    if (mlock(page, CG_MASTER_KEY_BYTES) != 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                           "caregate_master_key: its memory cannot be locked, it may be swapped");
    }
    (void)madvise(page, CG_MASTER_KEY_BYTES, MADV_DONTDUMP);
    return page;
}

static ngx_uint_t is_base64url(u_char letter)
{
    return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= 'a' && letter <= 'z') || letter == '-' || letter == '_';
}

/* Strict: nginx's own decoder stops at the first character that it does not know. */
static const char *decode(u_char *text, size_t len, uint8_t *key)
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
        ngx_memcpy(key, bytes, CG_MASTER_KEY_BYTES);
    } else {
        rc = NGX_ERROR;
    }
    explicit_bzero(bytes, sizeof(bytes));
    return rc == NGX_OK ? NULL : "the file holds something other than one key";
}

static const char *read_from(ngx_fd_t fd, uint8_t *key)
{
    ngx_file_info_t info;
    if (ngx_fd_info(fd, &info) != 0 || !ngx_is_file(&info)) {
        return "this is no file";
    }
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return "the file is open to its group or to others: chmod 0600 it";
    }
    u_char text[FILE_MAX];
    ssize_t len = read(fd, text, sizeof(text));
    const char *fault = len < 0 ? "the file cannot be read" : decode(text, (size_t)len, key);
    explicit_bzero(text, sizeof(text));
    return fault;
}

ngx_int_t caregate_master_key_read(ngx_conf_t *cf, ngx_str_t *path, uint8_t **ret_key,
                                   const char **ret_why)
{
    ngx_fd_t fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "cannot open \"%V\"", path);
        *ret_why = "the file cannot be opened";
        return NGX_ERROR;
    }
    uint8_t *key = make_page(cf);
    const char *why = key == NULL ? "memory is short" : read_from(fd, key);
    (void)ngx_close_file(fd);
    if (why != NULL) {
        *ret_why = why;
        return NGX_ERROR;
    }
    *ret_key = key;
    return NGX_OK;
}
