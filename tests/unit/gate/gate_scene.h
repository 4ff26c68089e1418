/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate with the sample's snapshot installed, and a route to one of its APIs.
 */
#ifndef CAREGATE_GATE_SCENE_H
#define CAREGATE_GATE_SCENE_H

#include "base/span.h"
#include "sample.h"

#include <caregate/gate.h>

#define SCENE_MAX_AGE_S 60

struct scene {
    struct sample *sample;
    struct cg_gate *gate;
    struct cg_gate_route *route;
    struct cg_gate_verdict verdict; /* of the last question */
    struct cg_gate_shared *shared;
    _Alignas(max_align_t) uint8_t shared_memory[CG_GATE_SHARED_BYTES_MIN];
};

static inline struct cg_gate_route *scene_route(const char *realm, const char *api)
{
    struct cg_gate_route_config config = {.api = test_span(api)};
    if (realm != NULL) {
        config.realm = test_span(realm);
    }
    struct cg_gate_route *route = NULL;
    const char *message = NULL;
    assert_ok(cg_gate_route_new(&config, &route, &message));
    return route;
}

static inline void scene_install(struct scene *scene)
{
    cg_gate_install(scene->gate, sample_snapshot(scene->sample), SAMPLE_NOW_S);
}

static inline int scene_setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    assert_ok(
        cg_gate_shared_init(scene->shared_memory, sizeof(scene->shared_memory), &scene->shared));
    const struct cg_gate_config config = {16, SCENE_MAX_AGE_S, NULL, scene->shared};
    void *sample = NULL;
    (void)sample_setup(&sample);
    scene->sample = sample;
    assert_ok(cg_gate_new(&config, &scene->gate));
    scene->route = scene_route(SAMPLE_REALM, "documents");
    scene_install(scene);
    *state = scene;
    return 0;
}

static inline int scene_teardown(void **state)
{
    struct scene *scene = *state;
    (void)cg_gate_route_free(scene->route);
    (void)cg_gate_free(scene->gate);
    void *sample = scene->sample;
    (void)sample_teardown(&sample);
    free(scene);
    return 0;
}

/* Asks with a header of any text, at any time, on any route. */
static inline enum cg_reason scene_ask_at(struct scene *scene, const struct cg_gate_route *route,
                                          struct cg_span authorization, int64_t now_s)
{
    const struct cg_gate_request request = {
        .authorization = authorization, .method = CG_METHOD_GET, .now_s = now_s};
    cg_gate_decide(scene->gate, route, &request, &scene->verdict);
    return scene->verdict.reason;
}

static inline struct cg_span scene_bearer(const struct scene *scene, struct cg_span compact)
{
    return sample_text(scene->sample, "Bearer %.*s", CG_SPAN_ARGS(compact));
}

/* Asks for the scene's route with a token, now. */
static inline enum cg_reason scene_ask(struct scene *scene, struct cg_span compact)
{
    return scene_ask_at(scene, scene->route, scene_bearer(scene, compact), SAMPLE_NOW_S);
}

#define SCENE_TEST_CASE(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

static inline void assert_reason_at(enum cg_reason got, enum cg_reason want, const char *label,
                                    const char *file, int line)
{
    if (got == want) {
        return;
    }
    print_error("%s:%d: %s: got %s, expected %s\n", file, line, label, cg_reason_name(got),
                cg_reason_name(want));
    _fail(file, line);
}

#define assert_reason(got, want) assert_reason_at((got), (want), #got, __FILE__, __LINE__)
#define assert_reason_row(label, got, want)                                                        \
    assert_reason_at((got), (want), (label), __FILE__, __LINE__)

#endif
