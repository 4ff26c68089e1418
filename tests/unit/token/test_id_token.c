/* SPDX-License-Identifier: Apache-2.0 */
/* ID tokens of NHS login, CIS2 and any OpenID provider, rule by rule. Signatures are the caller's
 * part and stand here as anything. */
#include "base/span.h"
#include "codec/base64url.h"
#include "sample.h"
#include "token/id_token.h"

#define ARENA_BYTES ((size_t)1 << 20)

/* What each provider's tokens look like, and what is configured of it. */
struct provider {
    const char *header;
    const char *payload;
    const char *alg;
    struct cg_id_token_demand demand;
};

static const struct cg_span audiences[] = {CG_SPAN("ward-app"), CG_SPAN("ward-app-2")};

#define NHS_LOGIN_ISSUER "https://auth.login.example"
#define CIS2_ISSUER "https://cis2.example:443/openam/oauth2/realms/root"
#define OIDC_ISSUER "https://id.example"

#define DEMAND(its_issuer, its_claim, its_end, its_levels)                                         \
    {                                                                                              \
        .issuer = CG_SPAN(its_issuer), .audiences = audiences,                                     \
        .audience_count = TEST_COUNT(audiences), .level = {CG_SPAN(its_claim), (its_end)},         \
        .levels = CG_SPAN(its_levels), .now_s = SAMPLE_NOW_S,                                      \
    }

enum { NHS_LOGIN, CIS2, OIDC };

static const struct provider providers[] = {
    [NHS_LOGIN] =
        {
            "{\"alg\":\"RS512\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
            "{\"iss\":\"" NHS_LOGIN_ISSUER "\",\"sub\":\"49f470a1-cc52\",\"aud\":\"ward-app\","
            "\"exp\":1003600,\"iat\":1000000,\"jti\":\"j-1\",\"nonce\":\"n\",\"vot\":\"P9.Cp.Cd\","
            "\"vtm\":\"https://auth.login.example/trustmark/auth.login.example\","
            "\"auth_time\":1000000,\"nhs_number\":\"9434765919\",\"token_use\":\"id\"}",
            "RS512",
            DEMAND(NHS_LOGIN_ISSUER, "vot", '.', "P9"),
        },
    [CIS2] =
        {
            "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
            "{\"iss\":\"" CIS2_ISSUER "\",\"sub\":\"555254240100\",\"aud\":[\"ward-app\"],"
            "\"azp\":\"ward-app\",\"exp\":1003600,\"iat\":1000000,\"auth_time\":1000000,"
            "\"acr\":\"AAL3_ANY\",\"amr\":[\"N3_SMARTCARD\"],\"at_hash\":\"x\","
            "\"authentication_assurance_level\":\"3\",\"tokenName\":\"id_token\"}",
            "RS256",
            DEMAND(CIS2_ISSUER, "acr", '_', "AAL2 AAL3"),
        },
    [OIDC] =
        {
            "{\"alg\":\"ES256\",\"kid\":\"k1\"}",
            "{\"iss\":\"" OIDC_ISSUER "\",\"sub\":\"ann\",\"aud\":\"ward-app-2\","
            "\"exp\":1003600,\"iat\":1000000,\"acr\":\"urn:care:high\"}",
            "ES256",
            DEMAND(OIDC_ISSUER, "acr", 0, ""),
        },
};

struct scene {
    struct sample sample; /* its arena alone */
    struct cg_id_token token;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    assert_ok(cg_arena_new(ARENA_BYTES, &scene->sample.arena));
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    (void)cg_arena_free(scene->sample.arena);
    free(scene);
    return 0;
}

static struct cg_span compact_of(const struct scene *scene, struct cg_span header,
                                 struct cg_span payload)
{
    struct cg_buf buf;
    struct cg_span compact;
    cg_buf_init_arena(&buf, scene->sample.arena, 2 * CG_LIMIT_TOKEN_BYTES);
    cg_base64url_encode(header, &buf);
    cg_buf_put_byte(&buf, '.');
    cg_base64url_encode(payload, &buf);
    cg_buf_put_string(&buf, ".AAAA");
    assert_ok(cg_buf_finish(&buf, &compact));
    return compact;
}

/* Why a token is refused by what is configured; NULL when it is not. */
static const char *judge(struct scene *scene, const struct provider *provider,
                         struct cg_span compact)
{
    struct cg_id_token_demand demand = provider->demand;
    const char *refusal = NULL;
    demand.alg = cg_alg_find(test_span(provider->alg));
    assert_ok(cg_id_token_read(compact, scene->sample.arena, &scene->token, &refusal));
    if (refusal == NULL) {
        refusal = cg_id_token_object_header(&scene->token, &demand);
    }
    return refusal != NULL ? refusal : cg_id_token_object_claims(&scene->token, &demand);
}

static const char *judge_texts(struct scene *scene, int which, struct cg_span header,
                               struct cg_span payload)
{
    return judge(scene, &providers[which], compact_of(scene, header, payload));
}

static void id_token_of_each_provider_is_taken(void **state)
{
    struct scene *scene = *state;
    for (int i = NHS_LOGIN; i <= OIDC; i++) {
        assert_null(
            judge_texts(scene, i, test_span(providers[i].header), test_span(providers[i].payload)));
    }
}

static void id_token_tells_person_level_and_time(void **state)
{
    struct scene *scene = *state;
    const struct provider *provider = &providers[NHS_LOGIN];
    assert_null(
        judge_texts(scene, NHS_LOGIN, test_span(provider->header), test_span(provider->payload)));
    assert_span_text(scene->token.claims.subject, "49f470a1-cc52");
    assert_span_text(cg_id_token_level_claim(&scene->token, &provider->demand.level), "P9.Cp.Cd");
    assert_int_equal(scene->token.authenticated_s, 1000000);
    assert_null(scene->token.actor.subject.data);
    assert_null(scene->token.may_act.subject.data);
}

/* One change to a good token, and what is said of it; NULL: nothing. */
struct change {
    const char *label;
    int provider;
    const char *old_part;
    const char *new_part;
    const char *refusal;
};

static const char of_alg[] = "alg of the ID token is not the one configured for its issuer";
static const char of_unknown_alg[] = "the ID token's alg is missing or not one that we know";
static const char of_form[] = "the ID token is not a well-formed compact JWS";
static const char of_typ[] = "typ of the ID token is not JWT: send an ID token, no other kind";
static const char of_kid[] = "the ID token's header has no kid";
static const char of_issuer[] = "iss of the ID token is not exactly that of a configured issuer";
static const char of_events[] = "the ID token has events: a logout token is none";
static const char of_scope[] = "the ID token has a scope: an access token is none";
static const char of_use[] = "token_use of the ID token is not id: send an ID token, no other kind";
static const char of_token_name[] =
    "tokenName of the ID token is not id_token: send an ID token, no other kind";
static const char of_act_issuer[] = "iss in act of the ID token is not the ID token's own";
static const char of_one_audience[] = "aud of the ID token is not exactly one value";
static const char of_audience[] =
    "aud of the ID token is not an id that this client is registered with at the issuer";
static const char of_party[] = "azp of the ID token is not its aud";
static const char of_subject[] = "sub of the ID token is not 1 to 255 visible ASCII characters";
static const char of_no_end[] = "the ID token has no exp";
static const char of_end[] = "the ID token is over: exp is past";
static const char of_far_end[] = "exp of the ID token is more than a day ahead";
static const char of_no_issue[] = "the ID token has no iat";
static const char of_issue[] = "iat of the ID token is in the future";
static const char of_begin[] = "nbf of the ID token is in the future";
static const char of_authentication[] = "auth_time of the ID token is in the future";
static const char of_vector[] = "the ID token has no vot, or no vtm to say what its vot means";
static const char of_level_text[] =
    "the ID token's level is not a word of visible ASCII characters";
static const char of_level[] = "the person was not identified at a level that is accepted here";
static const char of_types[] = "a claim of the ID token has a wrong type: times are whole seconds";
static const char of_assurance[] = "authentication_assurance_level of the ID token is not a digit";
static const char of_act[] = "act of the ID token is not an object whose sub names somebody";
static const char of_may_act[] =
    "may_act of the ID token is not an object whose sub names somebody";
static const char of_payload[] = "the ID token's payload is not one JSON object";

static const struct change header_changes[] = {
    {"alg none", NHS_LOGIN, "RS512", "none", of_unknown_alg},
    {"alg symmetric", NHS_LOGIN, "RS512", "HS512", of_unknown_alg},
    {"alg missing", NHS_LOGIN, "\"alg\":\"RS512\",", "", of_unknown_alg},
    {"alg in another case", NHS_LOGIN, "RS512", "rs512", of_unknown_alg},
    {"a weaker alg of the same key", NHS_LOGIN, "RS512", "RS256", of_alg},
    {"another alg of the same key", NHS_LOGIN, "RS512", "PS512", of_alg},
    {"typ of an access token", NHS_LOGIN, "JWT", "at+jwt", of_typ},
    {"typ of a logout token", NHS_LOGIN, "JWT", "logout+jwt", of_typ},
    {"typ empty", NHS_LOGIN, "JWT", "", of_typ},
    {"typ a number", NHS_LOGIN, "\"JWT\"", "7", of_form},
    {"typ in another case", NHS_LOGIN, "JWT", "jwt", NULL},
    {"typ missing", NHS_LOGIN, "\"typ\":\"JWT\",", "", NULL},
    {"kid missing", NHS_LOGIN, ",\"kid\":\"k1\"", "", of_kid},
    {"kid empty", NHS_LOGIN, "k1", "", of_kid},
    {"crit", NHS_LOGIN, "{", "{\"crit\":[\"exp\"],", of_form},
    {"b64", NHS_LOGIN, "{", "{\"b64\":false,", of_form},
    {"a member twice", NHS_LOGIN, "{", "{\"alg\":\"RS512\",", of_form},
    {"a key beside", NHS_LOGIN, "{", "{\"jwk\":{},\"jku\":\"https://evil.example\",", NULL},
};

static const struct change payload_changes[] = {
    {"iss of another", NHS_LOGIN, NHS_LOGIN_ISSUER, "https://evil.example", of_issuer},
    {"iss with a slash more", NHS_LOGIN, NHS_LOGIN_ISSUER, NHS_LOGIN_ISSUER "/", of_issuer},
    {"iss in another case", NHS_LOGIN, NHS_LOGIN_ISSUER, "https://AUTH.login.example", of_issuer},
    {"iss without its port", CIS2, ":443", "", of_issuer},
    {"iss missing", NHS_LOGIN, "\"iss\"", "\"isz\"", of_issuer},
    {"iss a list", OIDC, "\"" OIDC_ISSUER "\"", "[\"" OIDC_ISSUER "\"]", of_types},
    {"a logout token", CIS2, "{",
     "{\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}},", of_events},
    {"events null", CIS2, "{", "{\"events\":null,", of_events},
    {"an access token of NHS login", NHS_LOGIN, "\"token_use\":\"id\"", "\"token_use\":\"access\"",
     of_use},
    {"token_use no text", NHS_LOGIN, "\"token_use\":\"id\"", "\"token_use\":7", of_use},
    {"token_use left out", NHS_LOGIN, ",\"token_use\":\"id\"", "", NULL},
    {"an access token of CIS2", CIS2, "\"id_token\"", "\"access_token\"", of_token_name},
    {"an access token by its scope", OIDC, "{", "{\"scope\":\"openid profile\",", of_scope},
    {"an access token by a list of scopes", OIDC, "{", "{\"scope\":[\"openid\"],", of_scope},
    {"who acts of the same issuer", OIDC, "{",
     "{\"act\":{\"sub\":\"bob\",\"iss\":\"" OIDC_ISSUER "\"},", NULL},
    {"who acts of another issuer", OIDC, "{",
     "{\"act\":{\"sub\":\"bob\",\"iss\":\"https://other.example\"},", of_act_issuer},
    {"who acts of an issuer that is no text", OIDC, "{", "{\"act\":{\"sub\":\"bob\",\"iss\":7},",
     of_act},
    {"aud missing", NHS_LOGIN, "\"aud\"", "\"aut\"", of_one_audience},
    {"aud an empty list", CIS2, "[\"ward-app\"]", "[]", of_types},
    {"aud of two, ours first", CIS2, "[\"ward-app\"]", "[\"ward-app\",\"other\"]", of_one_audience},
    {"aud of two, both ours", CIS2, "[\"ward-app\"]", "[\"ward-app\",\"ward-app-2\"]",
     of_one_audience},
    {"aud of another client", NHS_LOGIN, "\"ward-app\"", "\"clinic-app\"", of_audience},
    {"aud that ours begins", NHS_LOGIN, "\"ward-app\"", "\"ward-app-\"", of_audience},
    {"aud empty", NHS_LOGIN, "\"ward-app\"", "\"\"", of_audience},
    {"aud the other id of ours", NHS_LOGIN, "\"ward-app\"", "\"ward-app-2\"", NULL},
    {"azp of another client", CIS2, "\"azp\":\"ward-app\"", "\"azp\":\"clinic-app\"", of_party},
    {"azp another id of ours", CIS2, "\"azp\":\"ward-app\"", "\"azp\":\"ward-app-2\"", of_party},
    {"azp a number", CIS2, "\"azp\":\"ward-app\"", "\"azp\":7", of_types},
    {"azp missing", CIS2, "\"azp\":\"ward-app\",", "", NULL},
    {"sub missing", NHS_LOGIN, "\"sub\"", "\"sup\"", of_subject},
    {"sub empty", OIDC, "\"ann\"", "\"\"", of_subject},
    {"sub with a space", OIDC, "\"ann\"", "\"ann b\"", of_subject},
    {"sub with a line's end", OIDC, "\"ann\"", "\"ann\\r\\nx\"", of_subject},
    {"sub not ASCII", OIDC, "\"ann\"", "\"\\u00e4nn\"", of_subject},
    {"sub with a quote", OIDC, "\"ann\"", "\"ann\\\"\"", of_subject},
    {"sub a number", OIDC, "\"ann\"", "7", of_types},
    {"exp missing", NHS_LOGIN, "\"exp\":1003600,", "", of_no_end},
    {"exp now", NHS_LOGIN, "1003600", "1000100", of_end},
    {"exp a second ahead", NHS_LOGIN, "1003600", "1000101", NULL},
    {"exp long past", NHS_LOGIN, "1003600", "1", of_end},
    {"exp a text", NHS_LOGIN, "1003600", "\"1003600\"", of_types},
    {"exp negative", NHS_LOGIN, "1003600", "-1", of_types},
    {"exp with a fraction", NHS_LOGIN, "1003600", "1003600.5", of_types},
    {"exp more than a day ahead", NHS_LOGIN, "1003600", "1086501", of_far_end},
    {"exp a day ahead", NHS_LOGIN, "1003600", "1086500", NULL},
    {"exp as large as can be", NHS_LOGIN, "1003600", "9223372036854775807", of_far_end},
    {"iat missing", NHS_LOGIN, "\"iat\":1000000,", "", of_no_issue},
    {"iat in the future", NHS_LOGIN, "\"iat\":1000000", "\"iat\":1000161", of_issue},
    {"iat by a clock that is fast", NHS_LOGIN, "\"iat\":1000000", "\"iat\":1000160", NULL},
    {"nbf in the future", NHS_LOGIN, "{", "{\"nbf\":1000161,", of_begin},
    {"auth_time in the future", NHS_LOGIN, "\"auth_time\":1000000", "\"auth_time\":1000161",
     of_authentication},
    {"auth_time a text", NHS_LOGIN, "\"auth_time\":1000000", "\"auth_time\":\"x\"", of_types},
    {"auth_time missing", NHS_LOGIN, "\"auth_time\":1000000,", "", NULL},
    {"vot missing", NHS_LOGIN, "\"vot\"", "\"vox\"", of_vector},
    {"vtm missing", NHS_LOGIN, "\"vtm\"", "\"vtx\"", of_vector},
    {"vot a list", NHS_LOGIN, "\"P9.Cp.Cd\"", "[\"P9.Cp.Cd\"]", of_types},
    {"vot of a lower level", NHS_LOGIN, "P9.Cp.Cd", "P5.Cp.Cd", of_level},
    {"vot of no level", NHS_LOGIN, "P9.Cp.Cd", "P0.Cp.Cd", of_level},
    {"vot that begins alike", NHS_LOGIN, "P9.Cp.Cd", "P99.Cp.Cd", of_level},
    {"vot with the level elsewhere", NHS_LOGIN, "P9.Cp.Cd", "Cp.P9", of_level},
    {"vot of the level alone", NHS_LOGIN, "P9.Cp.Cd", "P9", NULL},
    {"vot with a space", NHS_LOGIN, "P9.Cp.Cd", "P9. x", of_level_text},
    {"acr lower than its assurance", CIS2, "\"AAL3_ANY\",", "\"AAL1_USERPASS\",", NULL},
    {"acr alone", CIS2, "\"authentication_assurance_level\":\"3\",", "", NULL},
    {"acr alone of a lower level", CIS2,
     "\"acr\":\"AAL3_ANY\",\"amr\":[\"N3_SMARTCARD\"],\"at_hash\":\"x\","
     "\"authentication_assurance_level\":\"3\"",
     "\"acr\":\"AAL1_USERPASS\"", of_level},
    {"assurance lower than its acr", CIS2, "_level\":\"3\"", "_level\":\"1\"", of_level},
    {"assurance as a number", CIS2, "_level\":\"3\"", "_level\":2", NULL},
    {"assurance of two digits", CIS2, "_level\":\"3\"", "_level\":\"33\"", of_assurance},
    {"assurance a large number", CIS2, "_level\":\"3\"", "_level\":10", of_assurance},
    {"assurance negative", CIS2, "_level\":\"3\"", "_level\":-1", of_assurance},
    {"assurance a list", CIS2, "_level\":\"3\"", "_level\":[3]", of_assurance},
    {"acr missing where any will do", OIDC, "\"acr\"", "\"acx\"", NULL},
    {"acr that is no word", OIDC, "urn:care:high", "high\\nX: y", of_level_text},
    {"act a text", OIDC, "{", "{\"act\":\"bob\",", of_act},
    {"act without sub", OIDC, "{", "{\"act\":{\"iss\":\"x\"},", of_act},
    {"act with an empty sub", OIDC, "{", "{\"act\":{\"sub\":\"\"},", of_act},
    {"act with a sub of two words", OIDC, "{", "{\"act\":{\"sub\":\"bob b\"},", of_act},
    {"may_act a list", OIDC, "{", "{\"may_act\":[\"bob\"],", of_may_act},
    {"may_act without sub", OIDC, "{", "{\"may_act\":{},", of_may_act},
    {"a claim twice", OIDC, "{", "{\"iat\":1000000,", of_payload},
    {"more after the object", OIDC, "}", "}{}", of_payload},
    {"claims that nobody knows", OIDC, "{", "{\"groups\":[\"a\"],\"sid\":7,", NULL},
};

static void assert_refusal_row(const char *label, const char *got, const char *want)
{
    if (got == want || (got != NULL && want != NULL && strcmp(got, want) == 0)) {
        return;
    }
    fail_msg("%s: got \"%s\", expected \"%s\"", label, got ? got : "", want ? want : "");
}

static void id_token_header_is_held_to_each_rule(void **state)
{
    struct scene *scene = *state;
    for (size_t i = 0; i < TEST_COUNT(header_changes); i++) {
        const struct change *row = &header_changes[i];
        const struct provider *provider = &providers[row->provider];
        struct cg_span header = sample_replace(&scene->sample, test_span(provider->header),
                                               row->old_part, row->new_part);
        const char *got = judge_texts(scene, row->provider, header, test_span(provider->payload));
        assert_refusal_row(row->label, got, row->refusal);
        cg_arena_clear(scene->sample.arena);
    }
}

static void id_token_claims_are_held_to_each_rule(void **state)
{
    struct scene *scene = *state;
    for (size_t i = 0; i < TEST_COUNT(payload_changes); i++) {
        const struct change *row = &payload_changes[i];
        const struct provider *provider = &providers[row->provider];
        struct cg_span payload = sample_replace(&scene->sample, test_span(provider->payload),
                                                row->old_part, row->new_part);
        const char *got = judge_texts(scene, row->provider, test_span(provider->header), payload);
        assert_refusal_row(row->label, got, row->refusal);
        cg_arena_clear(scene->sample.arena);
    }
}

static void id_token_that_is_no_jws_is_refused(void **state)
{
    static const struct {
        const char *label;
        const char *compact;
        const char *refusal;
    } rows[] = {
        {"nothing", "", of_form},
        {"two segments", "eyJhbGciOiJSUzUxMiJ9.e30", of_form},
        {"four segments", "eyJhbGciOiJSUzUxMiJ9.e30.AAAA.AAAA", of_form},
        {"five, as a JWE has", "eyJhbGciOiJSUzUxMiJ9.AA.AA.e30.AAAA", of_form},
        {"no signature", "eyJhbGciOiJSUzUxMiJ9.e30.", of_form},
        {"no payload", "eyJhbGciOiJSUzUxMiJ9..AAAA", of_form},
        {"padding", "eyJhbGciOiJSUzUxMiJ9.e30=.AAAA", of_form},
        {"unsecured", "eyJhbGciOiJub25lIn0.e30.", of_unknown_alg},
        {"a payload that is a list", "eyJhbGciOiJSUzUxMiIsImtpZCI6ImsifQ.W10.AAAA", of_types},
        {"a payload that is no JSON", "eyJhbGciOiJSUzUxMiIsImtpZCI6ImsifQ.AAAA.AAAA", of_payload},
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const char *got = judge(scene, &providers[NHS_LOGIN], test_span(rows[i].compact));
        assert_refusal_row(rows[i].label, got, rows[i].refusal);
    }
}

static void id_token_subject_may_have_255_characters(void **state)
{
    static const struct {
        int len;
        const char *refusal;
    } rows[] = {{255, NULL}, {256, of_subject}};
    struct scene *scene = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char subject[300];
        (void)snprintf(subject, sizeof(subject), "\"%0*d\"", rows[i].len, 7);
        struct cg_span payload =
            sample_replace(&scene->sample, test_span(providers[OIDC].payload), "\"ann\"", subject);
        const char *got = judge_texts(scene, OIDC, test_span(providers[OIDC].header), payload);
        assert_refusal_row(subject, got, rows[i].refusal);
    }
}

static void id_token_actor_is_a_name_or_a_token_of_its_own(void **state)
{
    static const struct {
        const char *act;
        const char *actor;
        bool is_token;
    } rows[] = {
        {"{\"act\":{\"sub\":\"bob\",\"act\":{\"sub\":\"eve\"}},", "bob", false},
        {"{\"act\":{\"sub\":\"a.b.c\"},", "a.b.c", false},
        {"{\"act\":{\"sub\":\"eyJ\"},", "eyJ", false},
        {"{\"act\":{\"sub\":\"eyJh.e30.AAAA\"},", "eyJh.e30.AAAA", true},
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span payload =
            sample_replace(&scene->sample, test_span(providers[OIDC].payload), "{", rows[i].act);
        assert_null(judge_texts(scene, OIDC, test_span(providers[OIDC].header), payload));
        assert_span_text_row(rows[i].act, scene->token.actor.subject, rows[i].actor);
        assert_int_equal(scene->token.actor_is_token, rows[i].is_token);
    }
}

static void id_token_tells_who_may_act(void **state)
{
    struct scene *scene = *state;
    struct cg_span payload =
        sample_replace(&scene->sample, test_span(providers[OIDC].payload), "{",
                       "{\"may_act\":{\"sub\":\"bob\",\"iss\":\"https://id.example\"},");
    assert_null(judge_texts(scene, OIDC, test_span(providers[OIDC].header), payload));
    assert_span_text(scene->token.may_act.subject, "bob");
    assert_span_text(scene->token.may_act.issuer, "https://id.example");
}

static void id_token_level_is_as_its_issuer_tells_it(void **state)
{
    static const struct {
        int provider;
        const char *old_part;
        const char *new_part;
        const char *level;
    } rows[] = {
        {NHS_LOGIN, "P9.Cp.Cd", "P9.Cp.Cd", "P9"},
        {NHS_LOGIN, "P9.Cp.Cd", "P5", "P5"},
        {CIS2, "_level\":\"3\"", "_level\":\"2\"", "AAL2"},
        {CIS2, "AAL3_ANY", "AAL2_OR_AAL3_ANY", "AAL3"},
        {CIS2, "authentication_assurance_level", "x", "AAL3"},
        {OIDC, "urn:care:high", "urn:care:low", "urn:care:low"},
        {OIDC, "\"acr\"", "\"acx\"", ""},
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct provider *provider = &providers[rows[i].provider];
        const char *refusal = NULL;
        struct cg_span payload = sample_replace(&scene->sample, test_span(provider->payload),
                                                rows[i].old_part, rows[i].new_part);
        assert_ok(cg_id_token_read(compact_of(scene, test_span(provider->header), payload),
                                   scene->sample.arena, &scene->token, &refusal));
        assert_null(refusal);
        assert_span_text_row(rows[i].new_part,
                             cg_id_token_level_word(&scene->token, &provider->demand.level),
                             rows[i].level);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(id_token_of_each_provider_is_taken, setup, teardown),
    cmocka_unit_test_setup_teardown(id_token_tells_person_level_and_time, setup, teardown),
    cmocka_unit_test_setup_teardown(id_token_header_is_held_to_each_rule, setup, teardown),
    cmocka_unit_test_setup_teardown(id_token_claims_are_held_to_each_rule, setup, teardown),
    cmocka_unit_test_setup_teardown(id_token_that_is_no_jws_is_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(id_token_subject_may_have_255_characters, setup, teardown),
    cmocka_unit_test_setup_teardown(id_token_actor_is_a_name_or_a_token_of_its_own, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(id_token_tells_who_may_act, setup, teardown),
    cmocka_unit_test_setup_teardown(id_token_level_is_as_its_issuer_tells_it, setup, teardown),
};
TEST_MAIN(tests)
