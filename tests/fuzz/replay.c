/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main of a fuzz target in the ordinary build: feeds it every file of one corpus folder and
 * prints one TAP line a file. A missing or empty folder is a failure.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define INPUT_MAX_BYTES ((size_t)1 << 20)

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* A copy of exactly the input's size, so that a read past its end is seen by the sanitizer. */
static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return -1;
    }
    uint8_t *room = malloc(INPUT_MAX_BYTES);
    size_t len = room ? fread(room, 1, INPUT_MAX_BYTES, file) : 0;
    int failed = !room || ferror(file);
    (void)fclose(file);
    uint8_t *data = failed ? NULL : realloc(room, len > 0 ? len : 1);
    if (!data) {
        free(room);
        return -1;
    }
    (void)LLVMFuzzerTestOneInput(data, len);
    free(data);
    return 0;
}

static int replay_folder(const char *folder, struct dirent **entries, int count)
{
    int failures = 0;
    /* So that the name of an input that ends the program is seen. */
    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    for (int i = 0; i < count; i++) {
        char path[4096];
        int len = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        printf("# %s\n", entries[i]->d_name);
        int bad = len < 0 || (size_t)len >= sizeof(path) || replay(path) != 0;
        printf("%sok %d - %s\n", bad ? "not " : "", i + 1, entries[i]->d_name);
        failures += bad;
    }
    return failures;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    struct dirent **entries = NULL;
    int count = scandir(argv[1], &entries, is_input, alphasort);
    if (count <= 0) {
        printf("1..1\nnot ok 1 - %s holds no input\n", argv[1]);
        free(entries);
        return 1;
    }
    printf("1..%d\n", count);
    int failures = replay_folder(argv[1], entries, count);
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    return failures > 0;
}
