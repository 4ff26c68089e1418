/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of the build: `manual page` writes caregate(1) to standard output, `manual page NOUN`
 * that noun's page, `manual completion` what bash reads.
 */
#include "cli/help.h"
#include "cli/manual.h"

#include <string.h>

static int write_page(int count, char *words[])
{
    if (count == 0) {
        cg_manual_overview(stdout, CG_VERSION);
        return 0;
    }
    const struct cg_noun *noun = cg_noun_find(words[0]);
    if (noun == NULL) {
        fprintf(stderr, "manual: there is no noun %s\n", words[0]);
        return 1;
    }
    cg_manual_noun(stdout, CG_VERSION, noun);
    return 0;
}

int main(int argc, char *argv[])
{
    int status = 2;
    if (argc >= 2 && strcmp(argv[1], "page") == 0) {
        status = write_page(argc - 2, argv + 2);
    } else if (argc == 2 && strcmp(argv[1], "completion") == 0) {
        cg_manual_completion(stdout);
        status = 0;
    }
    return fflush(stdout) == 0 ? status : 1;
}
