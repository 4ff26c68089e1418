/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/span.h"
#include "cli/args.h"
#include "cli/nginx.h"
#include "cli/nouns.h"
#include "cli/owner.h"
#include "cli/ready.h"
#include "cli/serve.h"
#include "registry/realm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_WAIT_MS 20000
#define ANSWER_WAIT_MS 5000
#define RELOAD_WAIT_MS 20000
#define STOP_WAIT_MS 120000 /* requests that are being answered may take their time */
#define POLL_MS 40

/* What a signal to `serve` becomes for nginx. */
static const struct {
    int ours;
    int nginx;
} signals[] = {
    {SIGTERM, SIGQUIT}, {SIGINT, SIGQUIT}, {SIGQUIT, SIGQUIT}, {SIGHUP, SIGHUP}, {SIGUSR1, SIGUSR1},
};

/* All that `serve` waits for, the end of nginx among them. */
static sigset_t awaited_signals(void)
{
    sigset_t all;
    sigemptyset(&all);
    sigaddset(&all, SIGCHLD);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaddset(&all, signals[i].ours);
    }
    return all;
}

/* The usual 1024 would let that many idle clients keep out all others: nginx.conf allows more. */
static void allow_connections(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

/*
 * In the child. A session of its own: ctrl-C reaches `serve` alone, and what has nginx has no
 * terminal to type commands into for whoever sits there, root perhaps.
 */
_Noreturn static void become_nginx(const char *const argv[], pid_t parent, const sigset_t *mask)
{
    char *words[16] = {(char *)(uintptr_t)argv[0]};
    for (size_t i = 1; i + 1 < sizeof(words) / sizeof(words[0]) && argv[i] != NULL; i++) {
        /* execv does not write through the pointers that it takes. */
        words[i] = (char *)(uintptr_t)argv[i];
    }
    allow_connections();
    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGQUIT);
    /* Where caregate was started is not nginx's to know; all paths that it gets are absolute. */
    if (chdir("/") == 0 && getppid() == parent && sigprocmask(SIG_SETMASK, mask, NULL) == 0) {
        (void)execv(argv[0], words);
    }
    _exit(127);
}

static enum cg_status start_nginx(struct cg_context *context, const sigset_t *mask, pid_t *ret_pid)
{
    const char *program = NULL;
    const char *prefix = NULL;
    const char *file = NULL;
    CG_TRY(cg_nginx_program(context, &program));
    CG_TRY(cg_context_path(context, "", &prefix));
    CG_TRY(cg_context_path(context, "nginx.conf", &file));
    const char *const argv[] = {program, "-p",     prefix, "-c",          file,
                                "-e",    "stderr", "-g",   "daemon off;", NULL};
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        return cg_complain(context, CG_ERR_LIMIT, "no new process can be started: %s",
                           strerrordesc_np(errno));
    }
    if (pid == 0) {
        become_nginx(argv, parent, mask);
    }
    *ret_pid = pid;
    return CG_OK;
}

/* Waits for workers, or the end of nginx. */
static enum cg_status wait_ready(struct cg_context *context, pid_t pid, bool *ret_ready)
{
    struct cg_process_children workers = {.count = 0};
    *ret_ready = false;
    for (int64_t waited_ms = 0; waited_ms < READY_WAIT_MS; waited_ms += POLL_MS) {
        siginfo_t info = {.si_pid = 0};
        CG_TRY(cg_nginx_workers(context, pid, &workers));
        if (workers.count > 0) {
            *ret_ready = true;
            return CG_OK;
        }
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
            return CG_OK;
        }
        cg_process_sleep_ms(POLL_MS);
    }
    return CG_OK;
}

static enum cg_status name_realm(void *context, const void *row)
{
    const struct cg_realm *realm = row;
    cg_say(context, "  %.*s/oauth/token", CG_SPAN_ARGS(realm->issuer));
    return CG_OK;
}

/* Where the realms are. Forked off before this: the store's connection is not nginx's business. */
static void say_ready(struct cg_context *context, pid_t pid)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    const char *uri = NULL;
    cg_say(context, "ready; nginx is process %d; ctrl-C or `caregate stop` ends it", (int)pid);
    if (cg_context_print(context, &uri, "sqlite:%s/registry.db", context->dir) == CG_OK &&
        cg_store_open(cg_span_of_string(uri), CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &store) ==
            CG_OK) {
        (void)!cg_realm_list(store, context->arena, name_realm, context);
    }
}

static int nginx_signal_of(int signal)
{
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (signals[i].ours == signal) {
            return signals[i].nginx;
        }
    }
    return 0;
}

/* Stays beside nginx until it ends; returns what waitpid says. The second request to end is not
 * graceful. */
static int attend(pid_t pid)
{
    sigset_t all = awaited_signals();
    int status = 0;
    bool ending = false;
    for (;;) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            return status;
        }
        int pass = nginx_signal_of(sigwaitinfo(&all, NULL));
        if (pass != 0) {
            (void)kill(pid, pass == SIGQUIT && ending ? SIGTERM : pass);
            ending = ending || pass == SIGQUIT;
        }
    }
}

enum cg_status cg_serve_run(struct cg_context *context, const struct cg_args *args)
{
    struct cg_span dump = {NULL, 0};
    sigset_t all = awaited_signals();
    sigset_t before;
    pid_t pid = 0;
    bool ready = false;
    (void)args;
    CG_TRY(cg_process_narrow_streams(context));
    CG_TRY(cg_owner_become(context));
    CG_TRY(cg_nginx_test(context, &dump));
    CG_TRY(cg_nginx_running(context, &pid));
    if (pid != 0) {
        return cg_complain(context, CG_ERR_CONFLICT,
                           "it runs already (process %d); `caregate stop` ends it", (int)pid);
    }
    (void)sigprocmask(SIG_BLOCK, &all, &before);
    CG_TRY(start_nginx(context, &before, &pid));
    CG_TRY(wait_ready(context, pid, &ready));
    if (ready) {
        CG_TRY(cg_ready_wait(context, dump, ANSWER_WAIT_MS));
        say_ready(context, pid);
    }
    int status = attend(pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        cg_say(context, "stopped");
        return CG_OK;
    }
    return cg_complain(context, CG_ERR_INTERNAL, "nginx ended with %s %d; what it said is above",
                       WIFSIGNALED(status) ? "signal" : "exit code",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static enum cg_status want_running(struct cg_context *context, pid_t *ret_pid)
{
    /* The owner says which process it is: root would signal any, and the owner only theirs. */
    CG_TRY(cg_owner_become(context));
    CG_TRY(cg_nginx_running(context, ret_pid));
    if (*ret_pid == 0) {
        return cg_complain(context, CG_ERR_NOT_FOUND,
                           "nothing runs for %s; `caregate serve` starts it", context->dir);
    }
    return CG_OK;
}

static enum cg_status send(struct cg_context *context, pid_t pid, int signal)
{
    if (kill(pid, signal) != 0 && errno == EPERM) {
        return cg_complain(context, CG_ERR_AUTHORISATION,
                           "process %d runs as somebody else, root perhaps, not as the owner of "
                           "%s; end it with kill -QUIT %d, then `caregate serve`",
                           (int)pid, context->dir, (int)pid);
    }
    if (kill(pid, signal) != 0) {
        return cg_complain(context, CG_ERR_AUTHORISATION, "process %d cannot be signalled: %s",
                           (int)pid, strerrordesc_np(errno));
    }
    return CG_OK;
}

static bool is_among(const struct cg_process_children *set, pid_t pid)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->pids[i] == pid) {
            return true;
        }
    }
    return false;
}

/* New workers are there, and none of the old ones takes requests. */
static bool is_renewed(const struct cg_process_children *old, const struct cg_process_children *now)
{
    for (size_t i = 0; i < now->count; i++) {
        if (is_among(old, now->pids[i])) {
            return false;
        }
    }
    return now->count > 0;
}

static enum cg_status run_reload(struct cg_context *context, const struct cg_args *args)
{
    struct cg_process_children old = {.count = 0};
    struct cg_process_children now = {.count = 0};
    struct cg_span dump = {NULL, 0};
    pid_t pid = 0;
    (void)args;
    CG_TRY(want_running(context, &pid));
    CG_TRY(cg_nginx_test(context, &dump));
    CG_TRY(cg_nginx_workers(context, pid, &old));
    CG_TRY(send(context, pid, SIGHUP));
    for (int64_t waited_ms = 0; waited_ms < RELOAD_WAIT_MS; waited_ms += POLL_MS) {
        CG_TRY(cg_nginx_workers(context, pid, &now));
        if (is_renewed(&old, &now)) {
            cg_say(context, "reloaded");
            return CG_OK;
        }
        cg_process_sleep_ms(POLL_MS);
    }
    return cg_complain(context, CG_ERR_INTERNAL,
                       "nginx goes on with the old configuration; its error log, which is what "
                       "`caregate serve` prints, says why");
}

static enum cg_status run_stop(struct cg_context *context, const struct cg_args *args)
{
    pid_t pid = 0;
    (void)args;
    CG_TRY(want_running(context, &pid));
    CG_TRY(send(context, pid, SIGQUIT));
    for (int64_t waited_ms = 0; waited_ms < STOP_WAIT_MS; waited_ms += POLL_MS) {
        pid_t still = 0;
        CG_TRY(cg_nginx_running(context, &still));
        if (still != pid) {
            cg_say(context, "stopped");
            return CG_OK;
        }
        cg_process_sleep_ms(POLL_MS);
    }
    return cg_complain(context, CG_ERR_INTERNAL,
                       "process %d still answers requests after %d s; kill -TERM %d drops them",
                       (int)pid, STOP_WAIT_MS / 1000, (int)pid);
}

static const struct cg_verb serve_verbs[] = {
    {
        .name = "",
        .summary = "run nginx with DIR/nginx.conf, in the foreground",
        .help = "SIGTERM or ctrl-C ends it once the requests under way are answered, a second one\n"
                "at once. SIGHUP loads the configuration anew, SIGUSR1 opens log files anew.\n"
                "It needs no root, unless nginx.conf names a port below 1024. Root becomes the\n"
                "owner of the folder first, and keeps the right to such a port only.",
        .example = "caregate serve",
        .run = cg_serve_run,
    },
    {.name = NULL},
};

static const struct cg_verb reload_verbs[] = {
    {
        .name = "",
        .summary = "make a changed nginx configuration live, without losing a request",
        .help = "A configuration that nginx refuses is shown, and what runs goes on as it is.",
        .example = "caregate reload",
        .run = run_reload,
    },
    {.name = NULL},
};

static const struct cg_verb stop_verbs[] = {
    {
        .name = "",
        .summary = "end what `caregate serve` started, once requests under way are answered",
        .example = "caregate stop",
        .run = run_stop,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_serve = {"serve", "run nginx", serve_verbs};
const struct cg_noun cg_noun_reload = {"reload", "make a changed configuration live", reload_verbs};
const struct cg_noun cg_noun_stop = {"stop", "end it", stop_verbs};
