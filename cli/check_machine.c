/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/check.h"
#include "cli/folder.h"
#include "cli/init_agent.h"
#include "cli/init_gate.h"
#include "crypto/certificate.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CLOCK_EARLIEST_S 1735689600L /* 2025-01-01: older than this program */
#define CLOCK_LATEST_S 4102444800L   /* 2100-01-01 */
#define DISK_ERROR_BYTES (64UL * 1024 * 1024)
#define DISK_WARNING_BYTES (1024UL * 1024 * 1024)
#define CERTIFICATE_MAX_BYTES (256UL * 1024)

static void look_at_clock(struct cg_check *check)
{
    char text[CG_TIME_TEXT_BYTES];
    int64_t now_s = check->context->now_s;
    bool sane = now_s >= CLOCK_EARLIEST_S && now_s < CLOCK_LATEST_S;
    cg_time_format(now_s, text);
    cg_findings_add(&check->findings, sane ? CG_FINDING_OK : CG_FINDING_ERROR, CG_SPAN_OF("clock"),
                    sane ? NULL : "set the clock; systemd-timesyncd or chrony keeps it right",
                    "it says %s", text);
}

static void look_at_mode(struct cg_check *check, const char *name, bool is_public)
{
    struct stat file;
    const char *path = NULL;
    struct cg_span subject = cg_span_of_string(name[0] != '\0' ? name : check->context->dir);
    if (cg_context_path(check->context, name, &path) != CG_OK) {
        check->findings.failed = true;
        return;
    }
    if (stat(path, &file) != 0) {
        cg_findings_add(&check->findings, CG_FINDING_ERROR, subject,
                        "take it from a copy, or make a new data folder with `caregate init`",
                        "it is missing");
        return;
    }
    mode_t open = (file.st_mode & (S_IRWXG | S_IRWXO)) & (is_public ? S_IWGRP | S_IWOTH : 0777U);
    if (open != 0) {
        cg_findings_add(&check->findings, CG_FINDING_ERROR, subject,
                        S_ISDIR(file.st_mode) ? "chmod 700" : "chmod 600",
                        "others may read or write it (mode %03o)", file.st_mode & 0777U);
        return;
    }
    cg_findings_add(&check->findings, CG_FINDING_OK, subject, NULL, "only its owner %s it",
                    is_public ? "writes" : "reads and writes");
}

static void look_at_disk(struct cg_check *check)
{
    struct statvfs disk;
    if (statvfs(check->context->dir, &disk) != 0) {
        return;
    }
    unsigned long long bytes = (unsigned long long)disk.f_bavail * disk.f_frsize;
    enum cg_finding_level level = bytes < DISK_ERROR_BYTES     ? CG_FINDING_ERROR
                                  : bytes < DISK_WARNING_BYTES ? CG_FINDING_WARNING
                                                               : CG_FINDING_OK;
    cg_findings_add(&check->findings, level, CG_SPAN_OF("disk"),
                    level == CG_FINDING_OK ? NULL
                                           : "make room: without it no token can be issued, as the "
                                             "audit comes first; `caregate audit prune` may help",
                    "%llu MiB are free", bytes / (1024UL * 1024));
}

static void judge_certificate(struct cg_check *check, int64_t expires_s)
{
    char text[CG_TIME_TEXT_BYTES];
    int64_t left_s = expires_s - check->context->now_s;
    enum cg_finding_level level = left_s <= 0                ? CG_FINDING_ERROR
                                  : left_s < CG_LIMIT_SOON_S ? CG_FINDING_WARNING
                                                             : CG_FINDING_OK;
    cg_time_format(expires_s, text);
    cg_findings_add(&check->findings, level, CG_SPAN_OF("tls/server.pem"),
                    level == CG_FINDING_OK ? NULL
                                           : "put a new certificate and key there, then "
                                             "`caregate reload`",
                    left_s <= 0 ? "the certificate ended at %s" : "the certificate ends at %s",
                    text);
}

/* The certificate that init made. Another place is nginx.conf's matter, and nginx's to check. */
static enum cg_status look_at_certificate(struct cg_check *check)
{
    const char *path = NULL;
    struct cg_span pem = {NULL, 0};
    int64_t expires_s = 0;
    CG_TRY(cg_context_path(check->context, "tls/server.pem", &path));
    if (access(path, R_OK) != 0) {
        return CG_OK;
    }
    CG_TRY(cg_context_read_file(check->context, path, CERTIFICATE_MAX_BYTES, &pem));
    if (cg_certificate_expiry(pem, &expires_s) != CG_OK) {
        cg_findings_add(&check->findings, CG_FINDING_ERROR, CG_SPAN_OF("tls/server.pem"),
                        "put a certificate in PEM there", "it holds no certificate");
        return CG_OK;
    }
    judge_certificate(check, expires_s);
    return CG_OK;
}

/* What each kind of data folder has that is for its owner alone. */
static const char *const *files_of(struct cg_context *context)
{
    static const char *const of_store[] = {"master.key", "registry.db", "audit.db", NULL};
    static const char *const of_gate[] = {CG_GATE_SECRET_FILE, "state", NULL};
    static const char *const of_secret[] = {CG_AGENT_SECRET_FILE, NULL};
    static const char *const of_key[] = {CG_AGENT_KEY_FILE, NULL};
    if (cg_init_gate_is(context)) {
        return of_gate;
    }
    if (cg_init_agent_is(context)) {
        return cg_folder_has(context, CG_AGENT_KEY_FILE) ? of_key : of_secret;
    }
    return of_store;
}

enum cg_status cg_check_machine(struct cg_check *check)
{
    look_at_clock(check);
    look_at_mode(check, "", false);
    for (const char *const *at = files_of(check->context); *at != NULL; at++) {
        look_at_mode(check, *at, false);
    }
    look_at_mode(check, "nginx.conf", true);
    if (!cg_init_agent_is(check->context)) {
        look_at_mode(check, "tls/server.key", false);
    }
    look_at_disk(check);
    return look_at_certificate(check);
}
