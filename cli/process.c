/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/process.h"

#include "base/buf.h"
#include "base/span.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STREAM_MAX (8UL * 1024 * 1024)

/* The reading ends of two pipes, and what came through them. */
struct streams {
    int ends[2];
    struct cg_buf texts[2];
};

static void close_at(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
        *descriptor = -1;
    }
}

static enum cg_status spawn(const char *const argv[], int output, int errors, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t session;
    char *words[16] = {(char *)(uintptr_t)argv[0]};
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return CG_ERR_LIMIT;
    }
    if (posix_spawnattr_init(&session) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return CG_ERR_LIMIT;
    }
    for (size_t i = 1; i + 1 < sizeof(words) / sizeof(words[0]) && argv[i] != NULL; i++) {
        /* posix_spawn wants pointers that it will not write through. */
        words[i] = (char *)(uintptr_t)argv[i];
    }
    int failed = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    failed |= posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    failed |= posix_spawn_file_actions_addchdir_np(&actions, "/");
    failed |= posix_spawnattr_setflags(&session, POSIX_SPAWN_SETSID);
    failed |= posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failed == 0) {
        failed = posix_spawn(ret_pid, argv[0], &actions, &session, words, environ);
    }
    (void)posix_spawnattr_destroy(&session);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed == 0 ? CG_OK : CG_ERR_NOT_FOUND;
}

/* Reads one ready end; closes it at its end. */
static void take(struct streams *streams, size_t index)
{
    uint8_t piece[16384];
    ssize_t got = read(streams->ends[index], piece, sizeof(piece));
    if (got > 0) {
        cg_buf_put(&streams->texts[index], (struct cg_span){piece, (size_t)got});
        return;
    }
    if (got == 0 || errno != EINTR) {
        close_at(&streams->ends[index]);
    }
}

static void read_both(struct streams *streams)
{
    while (streams->ends[0] >= 0 || streams->ends[1] >= 0) {
        struct pollfd ready[2] = {
            {.fd = streams->ends[0], .events = POLLIN},
            {.fd = streams->ends[1], .events = POLLIN},
        };
        if (poll(ready, 2, -1) < 0 && errno != EINTR) {
            return;
        }
        for (size_t i = 0; i < 2; i++) {
            if (ready[i].fd >= 0 && ready[i].revents != 0) {
                take(streams, i);
            }
        }
    }
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A stream past its maximum is cut, not an error. */
static struct cg_span text_of(const struct cg_buf *buf)
{
    return cg_span_of_bytes(buf->data, buf->len);
}

enum cg_status cg_process_run(struct cg_context *context, const char *const argv[],
                              struct cg_process_result *ret_result)
{
    CG_CLEANUP(close_at) int output = -1;
    CG_CLEANUP(close_at) int errors = -1;
    struct streams streams = {.ends = {-1, -1}};
    int ends[2];
    pid_t pid = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return CG_ERR_LIMIT;
    }
    streams.ends[0] = ends[0];
    output = ends[1];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        close_at(&streams.ends[0]);
        return CG_ERR_LIMIT;
    }
    streams.ends[1] = ends[0];
    errors = ends[1];
    cg_buf_init_arena(&streams.texts[0], context->arena, STREAM_MAX);
    cg_buf_init_arena(&streams.texts[1], context->arena, STREAM_MAX);
    enum cg_status status = spawn(argv, output, errors, &pid);
    close_at(&output);
    close_at(&errors);
    if (status != CG_OK) {
        close_at(&streams.ends[0]);
        close_at(&streams.ends[1]);
        return cg_complain(context, status, "%s cannot be started", argv[0]);
    }
    read_both(&streams);
    *ret_result = (struct cg_process_result){
        .exit_code = wait_for(pid),
        .output = text_of(&streams.texts[0]),
        .errors = text_of(&streams.texts[1]),
    };
    return CG_OK;
}

/* A terminal that may not be opened anew is kept as it is: without it nobody would hear of errors.
 */
static void only_write(int stream)
{
    char path[32];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", stream);
    int again = isatty(stream) ? open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC) : -1;
    if (again >= 0) {
        (void)dup2(again, stream);
        (void)close(again);
    }
}

enum cg_status cg_process_narrow_streams(struct cg_context *context)
{
    /* Not O_CLOEXEC: it is standard input at once where that was closed. */
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0) {
        return cg_complain(context, CG_ERR_INTERNAL, "/dev/null cannot be read: %s",
                           strerrordesc_np(errno));
    }
    if (nothing > STDERR_FILENO) {
        (void)close(nothing);
    }
    only_write(STDOUT_FILENO);
    only_write(STDERR_FILENO);
    return CG_OK;
}

bool cg_process_is_alive(pid_t pid)
{
    return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

/* A small file of /proc, cut at `max`. -1: no such process. */
static ssize_t read_proc(pid_t pid, const char *name, char *text, size_t max)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    CG_CLEANUP(close_at) int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    return descriptor < 0 ? -1 : read(descriptor, text, max);
}

enum cg_status cg_process_title(struct cg_context *context, pid_t pid, struct cg_span *ret_title)
{
    char text[8192];
    ssize_t len = read_proc(pid, "cmdline", text, sizeof(text));
    if (len <= 0) {
        *ret_title = (struct cg_span){NULL, 0};
        return CG_OK;
    }
    while (len > 0 && text[len - 1] == '\0') {
        len--;
    }
    for (ssize_t i = 0; i < len; i++) {
        text[i] = text[i] == '\0' ? ' ' : text[i];
    }
    return cg_arena_copy(context->arena, cg_span_of_bytes(text, (size_t)len), ret_title);
}

/* proc(5): "pid (comm) state ppid …"; comm may hold anything, so the last parenthesis counts. */
static pid_t parent_of(pid_t pid)
{
    char text[1024];
    ssize_t len = read_proc(pid, "stat", text, sizeof(text) - 1);
    if (len <= 0) {
        return 0;
    }
    text[len] = '\0';
    const char *behind = strrchr(text, ')');
    if (behind == NULL || strlen(behind) < 5 || behind[2] == 'Z') {
        return 0;
    }
    return (pid_t)strtol(behind + 4, NULL, 10);
}

static void close_folder(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

void cg_process_children(pid_t parent, struct cg_process_children *ret_children)
{
    CG_CLEANUP(close_folder) DIR *folder = opendir("/proc");
    const struct dirent *entry = NULL;
    ret_children->count = 0;
    while (folder != NULL && ret_children->count < CG_PROCESS_CHILDREN_MAX &&
           (entry = readdir(folder)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && parent_of(pid) == parent) {
            ret_children->pids[ret_children->count++] = pid;
        }
    }
}

void cg_process_sleep_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    (void)nanosleep(&time, NULL);
}
