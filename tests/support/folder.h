/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own, and store URIs in it. */
#ifndef CG_TEST_FOLDER_H
#define CG_TEST_FOLDER_H

struct folder {
    char path[96];
    char uri[128]; /* of a registry in it, on the plain disk */
};

void folder_make(struct folder *folder);
/* With the files in it; it has no folders. */
void folder_remove(struct folder *folder);

/* "<folder>/<name>" in a buffer of the caller's. */
void folder_file(const struct folder *folder, const char *name, char ret_path[static 160]);

#endif
