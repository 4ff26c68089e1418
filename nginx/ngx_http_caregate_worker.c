/* SPDX-License-Identifier: Apache-2.0 */
/* A worker process: what it makes after the fork and lets go of at its end. */
#include "ngx_http_caregate_module.h"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define HOST_MAX 40
/* The allocator's own threshold of 128 KiB is passed at each commit, when SQLite lets go of pages
 * that another connection has changed: they went back to the kernel and came again as faults. */
#define TRIM_BYTES (4 * 1024 * 1024)

static u_char writer_letter(u_char letter)
{
    ngx_uint_t allowed = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                         (letter >= 'a' && letter <= 'z') || letter == '.' || letter == '-';
    return allowed ? letter : '_';
}

struct cg_span caregate_writer_name(const ngx_cycle_t *cycle,
                                    u_char buffer[static CAREGATE_WRITER_BYTES])
{
    size_t host_len = cycle->hostname.len < HOST_MAX ? cycle->hostname.len : HOST_MAX;
    for (size_t i = 0; i < host_len; i++) {
        buffer[i] = writer_letter(cycle->hostname.data[i]);
    }
    u_char *end =
        ngx_snprintf(buffer + host_len, CAREGATE_WRITER_BYTES - host_len, "/worker%ui", ngx_worker);
    return (struct cg_span){.data = buffer, .len = (size_t)(end - buffer)};
}

/* After the fork: a module's sessions are of the process that started it. */
static ngx_int_t make_pkcs11(struct caregate_worker *worker)
{
    const struct caregate_main_conf *conf = worker->conf;
    if (conf->pkcs11_module.len == 0) {
        return NGX_OK;
    }
    (void)mlock(conf->pkcs11_pin, CAREGATE_SECRET_PAGE_BYTES);
    struct cg_span pin = {.data = conf->pkcs11_pin->bytes, .len = conf->pkcs11_pin->len};
    if (cg_pkcs11_new((const char *)conf->pkcs11_module.data, pin, &worker->pkcs11) != CG_OK) {
        ngx_log_error(NGX_LOG_ALERT, worker->log, 0, "caregate: memory is short");
        return NGX_ERROR;
    }
    return NGX_OK;
}

static ngx_int_t start_with_store(struct caregate_worker *worker, ngx_cycle_t *cycle)
{
    /* A lock on memory is not inherited; without it the page can only be swapped. */
    (void)mlock(worker->conf->master_key, CAREGATE_SECRET_PAGE_BYTES);
    if (make_pkcs11(worker) != NGX_OK || caregate_poll_start(worker, cycle) != NGX_OK) {
        return NGX_ERROR;
    }
    return caregate_tasks_start(worker, cycle);
}

static ngx_int_t make_parts(struct caregate_worker *worker, ngx_cycle_t *cycle)
{
    struct cg_gate_config config = {
        .cache_tokens = CAREGATE_CACHE_TOKENS,
        .snapshot_max_age_s = worker->conf->snapshot_max_age_s,
        .throttle = caregate_zone_throttle(worker),
        .shared = caregate_zone_shared(worker),
    };
    if (cg_gate_new(&config, &worker->gate) != CG_OK) {
        ngx_log_error(NGX_LOG_ALERT, worker->log, 0, "caregate: no gate can be made");
        return NGX_ERROR;
    }
    ngx_int_t rc = worker->conf->trust != NULL ? caregate_trust_start(worker, cycle)
                                               : start_with_store(worker, cycle);
    if (rc == NGX_OK) {
        caregate_zone_note(worker);
    }
    return rc;
}

/* What holds tokens and secrets leaves no core, and is not for other processes to look into. */
static ngx_int_t start_agent(struct caregate_worker *worker, ngx_cycle_t *cycle)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    return caregate_keepers_start(worker, cycle);
}

ngx_int_t caregate_worker_init(ngx_cycle_t *cycle)
{
    struct caregate_main_conf *conf =
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_caregate_module);
    /* Cache managers and the like have no event loop that serves. */
    if ((ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) || conf == NULL ||
        (conf->pool == NULL && conf->agent == NULL)) {
        return NGX_OK;
    }
    struct caregate_worker *worker = ngx_pcalloc(cycle->pool, sizeof(*worker));
    if (worker == NULL) {
        return NGX_ERROR;
    }
    worker->conf = conf;
    worker->log = cycle->log;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the worker has no other thread yet. */
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
    /* Room for every exchange that is given back, so that giving back cannot fail. */
    if (ngx_array_init(&worker->free_exchanges, cycle->pool, CAREGATE_FREE_EXCHANGES_MAX,
                       sizeof(struct cg_exchange *)) != NGX_OK) {
        return NGX_ERROR;
    }
    if ((conf->pool != NULL && make_parts(worker, cycle) != NGX_OK) ||
        (conf->agent != NULL && start_agent(worker, cycle) != NGX_OK)) {
        return NGX_ERROR;
    }
    conf->worker = worker;
    return NGX_OK;
}

void caregate_worker_exit(ngx_cycle_t *cycle)
{
    struct caregate_main_conf *conf =
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_caregate_module);
    if (conf == NULL || conf->worker == NULL) {
        return;
    }
    struct caregate_worker *worker = conf->worker;
    caregate_keepers_finish(worker);
    if (conf->trust != NULL) {
        caregate_trust_finish(worker);
    } else if (conf->pool != NULL) {
        caregate_tasks_finish(worker);
        caregate_poll_finish(worker);
    }
    worker->pkcs11 = cg_pkcs11_free(worker->pkcs11);
    worker->gate = cg_gate_free(worker->gate);
    caregate_exchanges_free(worker);
}
