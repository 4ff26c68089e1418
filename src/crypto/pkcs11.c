/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module is one per process by its nature (C_Initialize, C_Finalize and the login are the
 * process's), so that all calls are made under one mutex: a module that must be started anew is
 * never taken away from a thread that is inside. It costs nothing, as a worker signs with one
 * thread at a time. Each key has a session, of a generation: when the module was started anew
 * since, the key opens another.
 */
#include "crypto/pkcs11_inner.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"
#include "crypto/openssl_failed.h"

#include <dlfcn.h>
#include <string.h>

#define SLOTS_MAX 64
#define NUMBER_BYTES_MAX 1024

/* DER of the curves' names: RFC 5480 §2.1.1.1, RFC 8410 §3. */
#define P256 CG_SPAN("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define ED25519 CG_SPAN("\x06\x03\x2b\x65\x70")
#define NO_CURVE                                                                                   \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

static const struct cg_pkcs11_way ways[] = {
    {CG_KEY_RSA_SHA256, CKK_RSA, CKM_RSA_PKCS, CKM_RSA_PKCS_KEY_PAIR_GEN, NO_CURVE},
    {CG_KEY_PSS_SHA256, CKK_RSA, CKM_RSA_PKCS_PSS, CKM_RSA_PKCS_KEY_PAIR_GEN, NO_CURVE},
    {CG_KEY_ECDSA_P256, CKK_EC, CKM_ECDSA, CKM_EC_KEY_PAIR_GEN, P256},
    {CG_KEY_ED25519, CKK_EC_EDWARDS, CKM_EDDSA, CKM_EC_EDWARDS_KEY_PAIR_GEN, ED25519},
};

enum cg_status cg_pkcs11_fail(struct cg_pkcs11 *pkcs11, enum cg_status status, const char *why)
{
    atomic_store(&pkcs11->trouble, why);
    return status;
}

void cg_pkcs11_lock(struct cg_pkcs11 *pkcs11)
{
    (void)pthread_mutex_lock(&pkcs11->mutex);
}

/* A module may use the OpenSSL that we do, and leave its errors in this thread's queue. */
void cg_pkcs11_unlock(struct cg_pkcs11 *pkcs11)
{
    ERR_clear_error();
    (void)pthread_mutex_unlock(&pkcs11->mutex);
}

enum cg_status cg_pkcs11_new(const char *module, struct cg_span pin, struct cg_pkcs11 **ret_pkcs11)
{
    if (module[0] == '\0' || pin.len == 0 || pin.len > CG_PKCS11_PIN_MAX_BYTES) {
        return CG_ERR_INPUT;
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_pkcs11), &memory));
    struct cg_pkcs11 *pkcs11 = memory;
    pkcs11->module = module;
    pkcs11->pin = pin;
    pkcs11->generation = 1;
    (void)pthread_mutex_init(&pkcs11->mutex, NULL);
    *ret_pkcs11 = pkcs11;
    return CG_OK;
}

/* Every session of this process is gone after it. */
static void stop(struct cg_pkcs11 *pkcs11)
{
    if (pkcs11->functions != NULL && pkcs11->is_ours) {
        (void)pkcs11->functions->C_Finalize(NULL);
    }
    pkcs11->functions = NULL;
    pkcs11->generation++;
}

struct cg_pkcs11 *cg_pkcs11_free(struct cg_pkcs11 *pkcs11)
{
    if (pkcs11 == NULL) {
        return NULL;
    }
    stop(pkcs11);
    if (pkcs11->library != NULL) {
        (void)dlclose(pkcs11->library);
    }
    (void)pthread_mutex_destroy(&pkcs11->mutex);
    return cg_release(pkcs11);
}

const char *cg_pkcs11_trouble(const struct cg_pkcs11 *pkcs11)
{
    return pkcs11 == NULL ? NULL : atomic_load(&pkcs11->trouble);
}

static enum cg_status load(struct cg_pkcs11 *pkcs11, CK_FUNCTION_LIST **ret_functions)
{
    if (pkcs11->library == NULL) {
        pkcs11->library = dlopen(pkcs11->module, RTLD_NOW | RTLD_LOCAL);
    }
    if (pkcs11->library == NULL) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_NOT_FOUND, "the module's library cannot be loaded");
    }
    CK_C_GetFunctionList get = (CK_C_GetFunctionList)dlsym(pkcs11->library, "C_GetFunctionList");
    if (get == NULL || get(ret_functions) != CKR_OK) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_INPUT, "the library is no PKCS #11 module");
    }
    return CG_OK;
}

/* nginx itself may have started the module, for a key of TLS; then it is not ours to stop. */
static enum cg_status start(struct cg_pkcs11 *pkcs11)
{
    if (pkcs11->functions != NULL && !pkcs11->has_failed) {
        return CG_OK;
    }
    stop(pkcs11);
    CK_FUNCTION_LIST *functions = NULL;
    CG_TRY(load(pkcs11, &functions));
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    CK_RV rv = functions->C_Initialize(&args);
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_CRYPTO, "the module does not start");
    }
    pkcs11->is_ours = rv == CKR_OK;
    pkcs11->functions = functions;
    pkcs11->has_failed = false;
    return CG_OK;
}

/* The texts of a CK_TOKEN_INFO are filled up with blanks. */
static bool is_text(const unsigned char *padded, size_t len, struct cg_span wanted)
{
    while (len > 0 && padded[len - 1] == ' ') {
        len--;
    }
    return wanted.data == NULL || cg_span_equal((struct cg_span){padded, len}, wanted);
}

static bool is_token(const CK_TOKEN_INFO *info, const struct cg_pkcs11_object *object)
{
    return is_text(info->label, sizeof(info->label), object->token) &&
           is_text(info->serialNumber, sizeof(info->serialNumber), object->serial);
}

static enum cg_status find_token(struct cg_pkcs11 *pkcs11, const struct cg_pkcs11_object *object,
                                 CK_SLOT_ID *ret_slot, CK_TOKEN_INFO *ret_info)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    size_t found = 0;
    if (pkcs11->functions->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_CRYPTO, "the module does not list its tokens");
    }
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        if (pkcs11->functions->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
            is_token(&info, object)) {
            *ret_slot = slots[i];
            *ret_info = info;
            found++;
        }
    }
    if (found != 1) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_NOT_FOUND,
                              found == 0
                                  ? "no such token is present"
                                  : "several tokens have this label: add serial= to the URI");
    }
    return CG_OK;
}

/* A refused PIN is not tried again, and the last try that a token has is never used: what locks a
 * token stops every issuer that signs with it. */
static enum cg_status log_in(struct cg_pkcs11 *pkcs11, CK_SESSION_HANDLE session, CK_FLAGS flags)
{
    CK_SESSION_INFO info = {.state = CKS_RO_PUBLIC_SESSION};
    if (pkcs11->functions->C_GetSessionInfo(session, &info) == CKR_OK &&
        (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS)) {
        return CG_OK;
    }
    if (pkcs11->pin_refused) {
        return cg_pkcs11_fail(
            pkcs11, CG_ERR_AUTHENTICATION,
            "the token has refused the PIN, which is not tried again: put the right one "
            "into its file and reload");
    }
    if ((flags & (CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY)) != 0) {
        return cg_pkcs11_fail(
            pkcs11, CG_ERR_AUTHENTICATION,
            "the token is locked or a wrong PIN away from it: log in once with its own "
            "tool");
    }
    uint8_t pin[CG_PKCS11_PIN_MAX_BYTES];
    memcpy(pin, pkcs11->pin.data, pkcs11->pin.len);
    CK_RV rv = pkcs11->functions->C_Login(session, CKU_USER, pin, (CK_ULONG)pkcs11->pin.len);
    explicit_bzero(pin, sizeof(pin));
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
        return CG_OK;
    }
    pkcs11->pin_refused = rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE ||
                          rv == CKR_PIN_INVALID || rv == CKR_PIN_LOCKED;
    return cg_pkcs11_fail(pkcs11, CG_ERR_AUTHENTICATION,
                          pkcs11->pin_refused ? "the token refuses the PIN"
                                              : "the token does not let the user log in");
}

enum cg_status cg_pkcs11_session_open(struct cg_pkcs11 *pkcs11,
                                      const struct cg_pkcs11_object *object, CK_FLAGS flags,
                                      CK_SESSION_HANDLE *ret_session)
{
    CK_SLOT_ID slot = 0;
    CK_TOKEN_INFO info;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CG_TRY(start(pkcs11));
    CG_TRY(find_token(pkcs11, object, &slot, &info));
    if (pkcs11->functions->C_OpenSession(slot, CKF_SERIAL_SESSION | flags, NULL, NULL, &session) !=
        CKR_OK) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_CRYPTO, "the token opens no session");
    }
    enum cg_status status = log_in(pkcs11, session, info.flags);
    if (status != CG_OK) {
        (void)pkcs11->functions->C_CloseSession(session);
        return status;
    }
    *ret_session = session;
    return CG_OK;
}

enum cg_status cg_pkcs11_find(struct cg_pkcs11 *pkcs11, CK_SESSION_HANDLE session,
                              const struct cg_pkcs11_object *object, CK_OBJECT_CLASS class,
                              CK_OBJECT_HANDLE *ret_handle)
{
    CK_ATTRIBUTE wanted[3] = {{CKA_CLASS, &class, sizeof(class)}};
    CK_ULONG wanted_count = 1;
    CK_OBJECT_HANDLE handles[2];
    CK_ULONG count = 0;
    if (object->object.data != NULL) {
        wanted[wanted_count++] =
            (CK_ATTRIBUTE){CKA_LABEL, (void *)(uintptr_t)object->object.data, object->object.len};
    }
    if (object->id.data != NULL) {
        wanted[wanted_count++] =
            (CK_ATTRIBUTE){CKA_ID, (void *)(uintptr_t)object->id.data, object->id.len};
    }
    if (pkcs11->functions->C_FindObjectsInit(session, wanted, wanted_count) != CKR_OK) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_CRYPTO, "the token does not look for objects");
    }
    CK_RV rv = pkcs11->functions->C_FindObjects(session, handles, 2, &count);
    (void)pkcs11->functions->C_FindObjectsFinal(session);
    /* Who cannot look has not found nothing: what is to be destroyed would be taken for gone. */
    if (rv != CKR_OK) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_CRYPTO, "the token does not look for objects");
    }
    if (count != 1) {
        return cg_pkcs11_fail(pkcs11, count == 2 ? CG_ERR_CONFLICT : CG_ERR_NOT_FOUND,
                              count == 2 ? "several keys of the token fit the URI: add id= to it"
                                         : "the token has no such key");
    }
    *ret_handle = handles[0];
    return CG_OK;
}

static enum cg_status read_value(struct cg_pkcs11 *pkcs11, CK_SESSION_HANDLE session,
                                 CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *attribute)
{
    if (pkcs11->functions->C_GetAttributeValue(session, handle, attribute, 1) != CKR_OK ||
        attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_CRYPTO, "the token does not tell what the key is");
    }
    return CG_OK;
}

enum cg_status cg_pkcs11_check_type(struct cg_pkcs11 *pkcs11, CK_SESSION_HANDLE session,
                                    CK_OBJECT_HANDLE handle, const struct cg_pkcs11_way *way)
{
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &type, sizeof(type)};
    CG_TRY(read_value(pkcs11, session, handle, &attribute));
    if (type != way->type) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_INPUT,
                              "the key is of another type than the algorithm signs with");
    }
    return CG_OK;
}

enum cg_status cg_pkcs11_way_of(struct cg_pkcs11 *pkcs11, enum cg_key_algorithm algorithm,
                                const struct cg_pkcs11_way **ret_way)
{
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (ways[i].algorithm == algorithm) {
            *ret_way = &ways[i];
            return CG_OK;
        }
    }
    return cg_pkcs11_fail(pkcs11, CG_ERR_INPUT,
                          "keys of a module sign by RS256, PS256, ES256 or EdDSA");
}

/* The module writes into the room. NOLINTBEGIN(readability-non-const-parameter) */
static enum cg_status read_number(struct cg_pkcs11 *pkcs11, CK_SESSION_HANDLE session,
                                  CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type,
                                  uint8_t room[static NUMBER_BYTES_MAX], struct cg_span *ret_number)
/* NOLINTEND(readability-non-const-parameter) */
{
    CK_ATTRIBUTE attribute = {.type = type, .pValue = room, .ulValueLen = NUMBER_BYTES_MAX};
    CG_TRY(read_value(pkcs11, session, handle, &attribute));
    *ret_number = (struct cg_span){room, attribute.ulValueLen};
    return CG_OK;
}

static struct cg_span without_zeros(struct cg_span number)
{
    while (number.len > 0 && number.data[0] == 0) {
        number = cg_span_part(number, 1, number.len - 1);
    }
    return number;
}

/*
 * PKCS #11 2.40 §2.3.3: a point is wrapped as an OCTET STRING; some modules leave the wrapping off.
 * Both coordinates of P-256 follow a 4, which is "uncompressed"; a point of Ed25519 is 32 bytes.
 */
static enum cg_status split_point(struct cg_span point, struct cg_key_public *ret_numbers)
{
    if (point.len > 2 && point.data[0] == 4 && point.data[1] == point.len - 2) {
        point = cg_span_part(point, 2, point.len - 2);
    }
    if (point.len == 32) {
        ret_numbers->first = point;
        return CG_OK;
    }
    if (point.len != 65 || point.data[0] != 4) {
        return CG_ERR_INPUT;
    }
    ret_numbers->first = cg_span_part(point, 1, 32);
    ret_numbers->second = cg_span_part(point, 33, 32);
    return CG_OK;
}

static enum cg_status read_numbers(struct cg_pkcs11 *pkcs11, CK_SESSION_HANDLE session,
                                   CK_OBJECT_HANDLE handle, const struct cg_pkcs11_way *way,
                                   struct cg_key **ret_key)
{
    uint8_t first[NUMBER_BYTES_MAX];
    uint8_t second[NUMBER_BYTES_MAX];
    struct cg_key_public numbers = {.first = {NULL, 0}};
    enum cg_status status = CG_OK;
    if (way->type == CKK_RSA) {
        CG_TRY(read_number(pkcs11, session, handle, CKA_MODULUS, first, &numbers.first));
        CG_TRY(read_number(pkcs11, session, handle, CKA_PUBLIC_EXPONENT, second, &numbers.second));
        numbers.first = without_zeros(numbers.first);
        numbers.second = without_zeros(numbers.second);
    } else {
        struct cg_span point = {NULL, 0};
        CG_TRY(read_number(pkcs11, session, handle, CKA_EC_POINT, first, &point));
        status = split_point(point, &numbers);
    }
    if (status == CG_OK) {
        status = cg_key_from_public(way->algorithm, &numbers, ret_key);
    }
    return status == CG_OK
               ? CG_OK
               : cg_pkcs11_fail(pkcs11, status,
                                "the key's size or curve is none that the algorithm takes");
}

static enum cg_status read_public(struct cg_pkcs11 *pkcs11, const struct cg_pkcs11_object *object,
                                  const struct cg_pkcs11_way *way, CK_SESSION_HANDLE session,
                                  struct cg_key **ret_key)
{
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    CG_TRY(cg_pkcs11_find(pkcs11, session, object, CKO_PRIVATE_KEY, &handle));
    CG_TRY(cg_pkcs11_check_type(pkcs11, session, handle, way));
    CG_TRY(cg_pkcs11_find(pkcs11, session, object, CKO_PUBLIC_KEY, &handle));
    CG_TRY(cg_pkcs11_check_type(pkcs11, session, handle, way));
    return read_numbers(pkcs11, session, handle, way, ret_key);
}

enum cg_status cg_pkcs11_read_public(struct cg_pkcs11 *pkcs11,
                                     const struct cg_pkcs11_object *object,
                                     enum cg_key_algorithm algorithm, struct cg_key **ret_key)
{
    const struct cg_pkcs11_way *way = NULL;
    CG_TRY(cg_pkcs11_way_of(pkcs11, algorithm, &way));
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    cg_pkcs11_lock(pkcs11);
    enum cg_status status = cg_pkcs11_session_open(pkcs11, object, 0, &session);
    if (status == CG_OK) {
        status = read_public(pkcs11, object, way, session, ret_key);
        (void)pkcs11->functions->C_CloseSession(session);
    }
    cg_pkcs11_unlock(pkcs11);
    return status;
}
