/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks on requests, and the visit that keeps them. An internal jump (error_page, try_files,
 * X-Accel-Redirect, a named location) clears the modules' contexts, so that a mark is also
 * reachable from a cleanup of the pool that a main request and its subrequests share.
 */
#include "ngx_http_caregate_module.h"

/* Marks the cleanup as ours; there is nothing to undo. */
static void end_visit(void *data)
{
    struct caregate_visit *visit = data;
    visit->marks = NULL;
}

static struct caregate_visit *find_visit(ngx_http_request_t *r)
{
    for (ngx_pool_cleanup_t *at = r->main->pool->cleanup; at != NULL; at = at->next) {
        if (at->handler == end_visit) {
            return at->data;
        }
    }
    return NULL;
}

static struct caregate_visit *make_visit(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t *cleanup =
        ngx_pool_cleanup_add(r->main->pool, sizeof(struct caregate_visit));
    if (cleanup == NULL) {
        return NULL;
    }
    ngx_memzero(cleanup->data, sizeof(struct caregate_visit));
    cleanup->handler = end_visit;
    return cleanup->data;
}

static struct caregate_mark *find_in(struct caregate_visit *visit, const ngx_http_request_t *r)
{
    struct caregate_mark *mark = visit->marks;
    while (mark != NULL && mark->request != r) {
        mark = mark->next;
    }
    return mark;
}

struct caregate_mark *caregate_mark_find(ngx_http_request_t *r)
{
    struct caregate_mark *mark = ngx_http_get_module_ctx(r, ngx_http_caregate_module);
    /* Only a jump can have cleared the context: others are spared the search. */
    if (mark != NULL || !(r->internal || r->filter_finalize)) {
        return mark;
    }
    struct caregate_visit *visit = find_visit(r);
    mark = visit == NULL ? NULL : find_in(visit, r);
    ngx_http_set_ctx(r, mark, ngx_http_caregate_module);
    return mark;
}

struct caregate_mark *caregate_mark_obtain(ngx_http_request_t *r)
{
    struct caregate_mark *mark = caregate_mark_find(r);
    if (mark != NULL) {
        return mark;
    }
    struct caregate_visit *visit = find_visit(r);
    if (visit == NULL) {
        visit = make_visit(r);
    }
    mark = visit == NULL ? NULL : ngx_pcalloc(r->pool, sizeof(*mark));
    if (mark == NULL) {
        return NULL;
    }
    mark->visit = visit;
    mark->request = r;
    mark->next = visit->marks;
    visit->marks = mark;
    ngx_http_set_ctx(r, mark, ngx_http_caregate_module);
    return mark;
}

const struct caregate_mark *caregate_mark_telling(ngx_http_request_t *r)
{
    const struct caregate_mark *mark = caregate_mark_find(r);
    return mark != NULL || r == r->main ? mark : caregate_mark_find(r->main);
}

void caregate_mark_forget_variables(ngx_http_request_t *r)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    for (size_t i = 0; i < caregate_variable_count; i++) {
        r->variables[conf->variable_indexes[i]].valid = 0;
        r->variables[conf->variable_indexes[i]].not_found = 0;
    }
}
