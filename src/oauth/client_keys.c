/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/client_keys.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "jose/jwks.h"

#include <string.h>

#define PLACES 1024
#define ID_BYTES 64

/* A verifier is made for the algorithm under which a key is first asked for; a key that names none
 * may be asked for under another later. */
struct prepared {
    const struct cg_alg *alg;
    struct cg_verifier *verifier;
};

/* One registered set. */
struct place {
    char id[ID_BYTES];
    size_t id_len;
    struct cg_jwks *jwks; /* NULL: the place is empty */
    struct prepared *prepared;
    uint64_t version; /* of a set that was fetched; else 0 */
    uint64_t used;    /* the count of finds at the last use */
};

struct cg_client_keys {
    uint64_t hashes[PLACES]; /* of the ids, side by side for the search */
    struct place places[PLACES];
    struct place nobody;
    uint64_t finds;
    struct cg_remote *remote; /* NULL: nothing is fetched */
};

/*
 * Public keys whose private halves were thrown away: one of each type and curve, naming no
 * algorithm, so that any can be tried.
 */
static const char nobody_jwks[] =
    "{\"keys\":[{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"q3DoihiwnUFZGssG_3JfsCS5RUdDFokoZYi0XVm"
    "c9gDKPpJla08wQB1oWMml1nr8CSQdwpHEVVhz3Co8ze7A7BPusyNOXg2NYVCVtcNSypHLH5w7wX5yUtH5eh4qQl7Xx"
    "I8hffwmxpbBKxpj5Lh1fa8FXfyBES5VbVucArf5c1vrE1lHSWt4FgdyKPVIDPJ41XGZIlV97m5XkNSVSeVTvE13HMe"
    "PggE1FrxyDYLWo_y-6aXV3bDZ4Kd_j9H1tVFAT9EoeDb1hXdlCOedIwXiv7-hsqn-XRtdezVSRVM-jw9anPN-Q1uCd"
    "r3jdGIvP79UFqVbp-NgTJliSjL1jYQlXQ\"},{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"aWpK8ZvWaDn"
    "B8-8oVtd8dz1hzSa84LZK8DlrVrbnD7o\",\"y\":\"K20k6O5d5vmcFoMcTb9PgYWDgcjZpedvo1e-Zchho78\"},"
    "{\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":\"M8JBuZyuZ27pwk3R3MXhltf8KRReK2SmhFHAgxh7Cy1uUpDT"
    "a87HI8_uqD9jFUqK\",\"y\":\"E4RYHBNi0t2WHxMDtk5zBubjd3R1U3KR-Jzg5OSt76GBSZKjklDWLaXyeJqxNeo"
    "W\"},{\"crv\":\"P-521\",\"kty\":\"EC\",\"x\":\"AETORwSCdOeFqJtVIyQ6b1L0GZ2IwcqQ433A16t97Nf"
    "Kky1g-1WKaFTI_BiPzVSUpCqyxzN1knQa8fIrm2bw6ny2\",\"y\":\"AN_ioOPA1thecTlat-LZ_6xMysZ1EZvuvs"
    "HZUKqqyecNo4mqwAGb7KloULOWcPpyHnssDZoI75PvjKeIeQqGZ9wc\"},{\"crv\":\"Ed25519\",\"kty\":\"O"
    "KP\",\"x\":\"OjbqQ6nv72cNP_5s0fLWCe8zHxm5CvraRdUVkD7S6CQ\"}]}";

static struct cg_span id_of(const struct place *place)
{
    return cg_span_of_bytes(place->id, place->id_len);
}

static void empty(struct place *place)
{
    size_t count = place->jwks != NULL ? cg_jwks_count(place->jwks) : 0;
    for (size_t i = 0; i < count; i++) {
        (void)cg_verifier_free(place->prepared[i].verifier);
    }
    place->prepared = cg_release(place->prepared);
    place->jwks = cg_jwks_free(place->jwks);
}

static void forget(struct place *place)
{
    empty(place);
    *place = (struct place){.jwks = NULL};
}

static enum cg_status parse(struct cg_span text, struct cg_jwks **ret_jwks)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(cg_json_parse(text, CG_LIMIT_REMOTE_BYTES, &json));
    return cg_jwks_parse(cg_json_root(json), CG_JWK_MAY_NAME_ALG, ret_jwks);
}

static enum cg_status fill(struct place *place, struct cg_span text)
{
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
    void *memory = NULL;
    CG_TRY(parse(text, &jwks));
    CG_TRY(cg_alloc(cg_jwks_count(jwks) + 1, sizeof(struct prepared), &memory));
    empty(place);
    place->prepared = memory;
    place->jwks = CG_STEAL(jwks);
    return CG_OK;
}

enum cg_status cg_client_keys_new(struct cg_remote *remote, struct cg_client_keys **ret_keys)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_client_keys), &memory));
    struct cg_client_keys *keys = memory;
    keys->remote = remote;
    enum cg_status status = fill(&keys->nobody, cg_span_of_string(nobody_jwks));
    if (status != CG_OK) {
        (void)cg_client_keys_free(keys);
        return status;
    }
    *ret_keys = keys;
    return CG_OK;
}

struct cg_client_keys *cg_client_keys_free(struct cg_client_keys *keys)
{
    for (size_t i = 0; keys != NULL && i < PLACES; i++) {
        forget(&keys->places[i]);
    }
    if (keys != NULL) {
        forget(&keys->nobody);
    }
    return cg_release(keys);
}

/* FNV-1a; ids are made by us, so nobody can choose them to collide. */
static uint64_t hash_of(struct cg_span id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < id.len; i++) {
        hash = (hash ^ id.data[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Looks at places only once none is found: they are many, and far apart. */
static size_t oldest_place(const struct cg_client_keys *keys)
{
    size_t oldest = 0;
    for (size_t i = 1; i < PLACES; i++) {
        oldest = keys->places[i].used < keys->places[oldest].used ? i : oldest;
    }
    return oldest;
}

/* The place that holds the id, else the one that is to hold it: empty, or the longest unused. */
static size_t place_for(const struct cg_client_keys *keys, struct cg_span id, uint64_t hash)
{
    for (size_t i = 0; i < PLACES; i++) {
        if (keys->hashes[i] == hash && cg_span_equal(id_of(&keys->places[i]), id)) {
            return i;
        }
    }
    return oldest_place(keys);
}

/* The place of a registered row, emptied when it held another's set. */
static struct place *claim(struct cg_client_keys *keys, struct cg_span id)
{
    uint64_t hash = hash_of(id);
    size_t at = place_for(keys, id, hash);
    struct place *place = &keys->places[at];
    if (keys->hashes[at] != hash || !cg_span_equal(id_of(place), id)) {
        forget(place);
        keys->hashes[at] = hash;
        memcpy(place->id, id.data, id.len);
        place->id_len = id.len;
    }
    place->used = keys->finds;
    return place;
}

static enum cg_status verifier_of(const struct place *place, size_t index, const struct cg_alg *alg,
                                  struct cg_verifier **ret_verifier)
{
    struct prepared *prepared = &place->prepared[index];
    if (prepared->alg != alg) {
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        struct cg_verifier *verifier = NULL;
        CG_TRY(cg_jwk_key_under(cg_jwks_at(place->jwks, index), alg, &key));
        CG_TRY(cg_verifier_new(key, &verifier));
        (void)cg_verifier_free(prepared->verifier);
        *prepared = (struct prepared){alg, verifier};
    }
    *ret_verifier = prepared->verifier;
    return CG_OK;
}

/* What is searched, and what a search has come across. */
struct search {
    struct cg_client_keys *keys;
    const struct cg_key_question *question;
    struct cg_arena *arena;
    struct cg_key_answer answer;
    size_t set_count;
    const char *missing; /* why a set could not be looked into */
    bool is_away;        /* and that is no fault of who asks: it cannot be had now */
    size_t of_kid;       /* keys that have the kid */
    size_t fitting;
};

static bool has_kid(const struct cg_jwk *jwk, struct cg_span kid)
{
    return kid.len > 0 && cg_span_equal(cg_span_of_bytes(jwk->kid, jwk->kid_len), kid);
}

static enum cg_status search_set(const struct place *place, struct search *search)
{
    const struct cg_key_question *question = search->question;
    const struct cg_jwk *jwk = NULL;
    for (size_t i = 0; (jwk = cg_jwks_at(place->jwks, i)) != NULL; i++) {
        if (question->kid.data != NULL && !has_kid(jwk, question->kid)) {
            continue;
        }
        search->of_kid++;
        if (!cg_jwk_fits(jwk, question->alg)) {
            continue;
        }
        search->fitting++;
        if (search->answer.count < CG_CLIENT_KEYS_TRIED) {
            CG_TRY(verifier_of(place, i, question->alg,
                               &search->answer.verifiers[search->answer.count]));
            search->answer.count++;
        }
    }
    return CG_OK;
}

/* What is said where none is found. */
struct words {
    const char *no_set;
    const char *no_kid;
    const char *no_key;
    const char *two;
    const char *unfit;
    const char *many;
    const char *absences[CG_REMOTE_UNLISTED + 1];
};

static const struct words wordings[] = {
    [CG_KEY_OWNER_CLIENT] =
        {
            .no_set = "no keys are registered for the client",
            .no_kid = "none of the client's keys has the assertion's kid",
            .no_key = "none of the client's keys can be used",
            .two = "two of the client's keys have the assertion's kid",
            .unfit = "the client's key is not for the assertion's alg",
            .many = "the assertion has no kid, and more keys fit than are tried",
            .absences =
                {
                    [CG_REMOTE_COMING] = "the client's keys could not be fetched in time",
                    [CG_REMOTE_AWAY] = "the client's keys cannot be fetched from their address",
                    [CG_REMOTE_UNLISTED] =
                        "the host of the client's keys is not in caregate_fetch_hosts",
                },
        },
    [CG_KEY_OWNER_ISSUER] =
        {
            .no_set = "no keys are configured for the ID token's issuer",
            .no_kid = "none of its issuer's keys has the ID token's kid",
            .no_key = "none of the ID token's issuer's keys can be used",
            .two = "two of its issuer's keys have the ID token's kid",
            .unfit = "its issuer's key is not for the ID token's alg",
            .many = "the ID token has no kid, and more keys fit than are tried",
            .absences =
                {
                    [CG_REMOTE_COMING] = "the issuer's keys could not be fetched in time",
                    [CG_REMOTE_AWAY] = "the issuer's keys cannot be fetched from their address",
                    [CG_REMOTE_UNLISTED] =
                        "the host of the issuer's keys is not in caregate_fetch_hosts",
                },
        },
};

static const struct words *words_of(const struct search *search)
{
    return &wordings[search->question->owner];
}

static const char *refusal_of(const struct search *search)
{
    const struct words *words = words_of(search);
    bool named = search->question->kid.data != NULL;
    if (search->set_count == 0) {
        return words->no_set;
    }
    if (search->of_kid == 0 && search->missing != NULL) {
        return search->missing;
    }
    if (search->of_kid == 0) {
        return named ? words->no_kid : words->no_key;
    }
    if (search->fitting == 0) {
        return words->unfit;
    }
    if (named && search->fitting > 1) {
        return words->two;
    }
    return search->fitting > CG_CLIENT_KEYS_TRIED ? words->many : NULL;
}

/* Whether a key that is missing here may be in a set that cannot be had now. A kid is looked for
 * once: who has a key of that name is judged by it. */
static bool is_undecided(const struct search *search)
{
    return search->is_away && (search->of_kid == 0 || search->question->kid.data == NULL);
}

/* What cannot be read as a set any more is as good as none. */
static enum cg_status search_value(struct search *search, const struct cg_record_key *row)
{
    struct place *place = claim(search->keys, row->id);
    enum cg_status status = place->jwks == NULL ? fill(place, row->value) : CG_OK;
    if (status == CG_ERR_INPUT) {
        return CG_OK;
    }
    CG_TRY(status);
    return search_set(place, search);
}

/* A client chose where its keys are; an issuer's address is the operator's, and no fault of who
 * sends an ID token. */
static void miss(struct search *search, enum cg_remote_state state, uint64_t turns)
{
    bool is_away = state != CG_REMOTE_UNLISTED || search->question->owner == CG_KEY_OWNER_ISSUER;
    if (is_away || !search->is_away) {
        search->missing = words_of(search)->absences[state];
        search->is_away = is_away;
    }
    search->answer.waits = state == CG_REMOTE_COMING ? turns + 1 : search->answer.waits;
}

/* Brings the set of an address up to date. *ret_there is false when there is none to look into. */
static enum cg_status fetch(struct search *search, const struct cg_record_key *row,
                            struct place *place, uint64_t lacking, bool *ret_there)
{
    struct cg_remote *remote = search->keys->remote;
    struct cg_remote_answer answer = {.state = CG_REMOTE_UNLISTED};
    struct cg_remote_question question = {row->value, place->version, lacking};
    uint64_t turns = remote != NULL ? cg_remote_turns(remote) : 0;
    *ret_there = false;
    if (remote != NULL) {
        CG_TRY(cg_remote_ask(remote, &question, search->arena, &answer));
    }
    if (answer.state != CG_REMOTE_THERE) {
        miss(search, answer.state, turns);
        return CG_OK;
    }
    if (answer.version != place->version) {
        CG_TRY(fill(place, answer.body));
        place->version = answer.version;
    }
    *ret_there = true;
    return CG_OK;
}

/* A kid that is not in the set may be that of a new key: the set is fetched anew, at most so often.
 */
static enum cg_status search_address(struct search *search, const struct cg_record_key *row)
{
    struct place *place = claim(search->keys, row->id);
    size_t before = search->of_kid;
    bool there = false;
    CG_TRY(fetch(search, row, place, 0, &there));
    if (!there) {
        return CG_OK;
    }
    CG_TRY(search_set(place, search));
    if (search->question->kid.data != NULL && search->of_kid == before && before == 0) {
        CG_TRY(fetch(search, row, place, place->version, &there));
        /* Another may have had it fetched since the first look. */
        return there ? search_set(place, search) : CG_OK;
    }
    return CG_OK;
}

enum cg_status cg_client_keys_find(struct cg_client_keys *keys,
                                   const struct cg_key_question *question, struct cg_arena *arena,
                                   struct cg_key_answer *ret_answer)
{
    struct search search = {.keys = keys, .question = question, .arena = arena};
    keys->finds++;
    for (size_t i = 0; i < question->row_count; i++) {
        const struct cg_record_key *row = &question->rows[i];
        if (row->id.len > ID_BYTES) {
            continue;
        }
        if (row->kind == CG_CLIENT_KEY_JWKS) {
            search.set_count++;
            CG_TRY(search_value(&search, row));
        } else if (row->kind == CG_CLIENT_KEY_JWKS_URI) {
            search.set_count++;
            CG_TRY(search_address(&search, row));
        }
    }
    search.answer.refusal = refusal_of(&search);
    if (search.answer.refusal != NULL) {
        search.answer.count = 0;
    }
    if (!is_undecided(&search)) {
        search.answer.waits = 0;
    }
    search.answer.missing = is_undecided(&search) ? search.missing : NULL;
    *ret_answer = search.answer;
    return CG_OK;
}

enum cg_status cg_client_keys_of_nobody(struct cg_client_keys *keys, const struct cg_alg *alg,
                                        struct cg_verifier **ret_verifier)
{
    for (size_t i = 0; i < cg_jwks_count(keys->nobody.jwks); i++) {
        if (cg_jwk_fits(cg_jwks_at(keys->nobody.jwks, i), alg)) {
            return verifier_of(&keys->nobody, i, alg, ret_verifier);
        }
    }
    return CG_ERR_INTERNAL;
}
