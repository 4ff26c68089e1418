/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS #11 module with one token, "box", that holds one Ed25519 key, "key" (RFC 8037 appendix A),
 * and the PIN "1234": as much of it as src/crypto/pkcs11*.c call. One more pair can be made in it,
 * under another label. A test that loads the same library has a call fail by fake_token_fail, and
 * asks what is left open.
 */
#include "fake_token.h"

#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>
#include <string.h>

#define SLOT 7
#define PRIVATE_KEY 11
#define PUBLIC_KEY 12
#define MADE_PRIVATE_KEY 13
#define MADE_PUBLIC_KEY 14
#define NOTHING 0
#define KEY_BYTES 32
#define SIGNATURE_BYTES 64

static const unsigned char private_key[KEY_BYTES] = {
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
static const unsigned char public_key[KEY_BYTES] = {
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};

static struct {
    long calls_left; /* until one fails; 0: none does */
    long session_count;
    int is_started;
    int is_logged_in;
    CK_OBJECT_HANDLE found; /* by the search under way, and not told yet; NOTHING: nothing */
    int has_private;        /* the pair that was made */
    int has_public;
} now;

void fake_token_fail(long call)
{
    now.calls_left = call;
}

int fake_token_has_failed(void)
{
    return now.calls_left == 0;
}

long fake_token_sessions(void)
{
    return now.session_count;
}

int fake_token_is_started(void)
{
    return now.is_started;
}

int fake_token_halves(void)
{
    return now.has_private + now.has_public;
}

static int fails(void)
{
    return now.calls_left > 0 && --now.calls_left == 0;
}

static CK_RV initialize(void *args)
{
    (void)args;
    if (fails()) {
        return CKR_GENERAL_ERROR;
    }
    now.is_started = 1;
    return CKR_OK;
}

static CK_RV finalize(void *reserved)
{
    (void)reserved;
    now.is_started = 0;
    now.is_logged_in = 0;
    return fails() ? CKR_GENERAL_ERROR : CKR_OK;
}

static CK_RV get_slot_list(unsigned char present, CK_SLOT_ID *slots, unsigned long *count)
{
    (void)present;
    if (fails()) {
        return CKR_GENERAL_ERROR;
    }
    slots[0] = SLOT;
    *count = 1;
    return CKR_OK;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    (void)slot;
    if (fails()) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    memset(info, 0, sizeof(*info));
    memset(info->label, ' ', sizeof(info->label));
    memset(info->serialNumber, ' ', sizeof(info->serialNumber));
    memcpy(info->label, "box", 3);
    return CKR_OK;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    (void)slot;
    (void)flags;
    (void)application;
    (void)notify;
    if (fails()) {
        return CKR_SESSION_COUNT;
    }
    *session = (CK_SESSION_HANDLE)++now.session_count;
    return CKR_OK;
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    (void)session;
    now.session_count--;
    return fails() ? CKR_GENERAL_ERROR : CKR_OK;
}

static CK_RV get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    (void)session;
    if (fails()) {
        return CKR_GENERAL_ERROR;
    }
    info->state = now.is_logged_in ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION;
    return CKR_OK;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin,
                   unsigned long pin_len)
{
    (void)session;
    (void)user;
    if (fails()) {
        return CKR_GENERAL_ERROR;
    }
    if (now.is_logged_in) {
        return CKR_USER_ALREADY_LOGGED_IN;
    }
    if (pin_len != 4 || memcmp(pin, "1234", 4) != 0) {
        return CKR_PIN_INCORRECT;
    }
    now.is_logged_in = 1;
    return CKR_OK;
}

static const CK_ATTRIBUTE *find_attribute(const CK_ATTRIBUTE *list, unsigned long count,
                                          CK_ATTRIBUTE_TYPE type)
{
    for (unsigned long i = 0; i < count; i++) {
        if (list[i].type == type) {
            return &list[i];
        }
    }
    return NULL;
}

static CK_OBJECT_HANDLE find(CK_OBJECT_CLASS class, int is_made)
{
    if (!is_made) {
        return class == CKO_PRIVATE_KEY ? PRIVATE_KEY : PUBLIC_KEY;
    }
    if (class == CKO_PRIVATE_KEY) {
        return now.has_private ? MADE_PRIVATE_KEY : NOTHING;
    }
    return now.has_public ? MADE_PUBLIC_KEY : NOTHING;
}

static CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted, unsigned long count)
{
    const CK_ATTRIBUTE *label = find_attribute(wanted, count, CKA_LABEL);
    CK_OBJECT_CLASS class;
    (void)session;
    if (fails()) {
        return CKR_GENERAL_ERROR;
    }
    memcpy(&class, wanted[0].pValue, sizeof(class));
    now.found = find(class, label == NULL || label->ulValueLen != 3 ||
                                memcmp(label->pValue, "key", 3) != 0);
    return CKR_OK;
}

static CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *handles, unsigned long most,
                          unsigned long *count)
{
    (void)session;
    (void)most;
    if (fails()) {
        return CKR_GENERAL_ERROR;
    }
    handles[0] = now.found;
    *count = now.found != NOTHING ? 1 : 0;
    now.found = NOTHING;
    return CKR_OK;
}

static CK_RV find_objects_final(CK_SESSION_HANDLE session)
{
    (void)session;
    return fails() ? CKR_GENERAL_ERROR : CKR_OK;
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                 CK_ATTRIBUTE *attribute, unsigned long count)
{
    static const CK_KEY_TYPE type = CKK_EC_EDWARDS;
    int is_type = attribute->type == CKA_KEY_TYPE;
    (void)session;
    (void)object;
    (void)count;
    if (fails()) {
        return CKR_ATTRIBUTE_SENSITIVE;
    }
    memcpy(attribute->pValue, is_type ? (const void *)&type : public_key,
           is_type ? sizeof(type) : sizeof(public_key));
    attribute->ulValueLen = is_type ? sizeof(type) : sizeof(public_key);
    return CKR_OK;
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session;
    (void)mechanism;
    (void)key;
    return fails() ? CKR_KEY_HANDLE_INVALID : CKR_OK;
}

static CK_RV sign(CK_SESSION_HANDLE session, unsigned char *data, unsigned long data_len,
                  unsigned char *signature, unsigned long *signature_len)
{
    size_t len = SIGNATURE_BYTES;
    (void)session;
    if (fails()) {
        return CKR_DEVICE_ERROR;
    }
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, KEY_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int good = EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) == 1 &&
               EVP_DigestSign(context, signature, &len, data, data_len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    *signature_len = len;
    return good ? CKR_OK : CKR_GENERAL_ERROR;
}

static int says(const CK_ATTRIBUTE *list, unsigned long count, CK_ATTRIBUTE_TYPE type,
                unsigned char wanted)
{
    const CK_ATTRIBUTE *attribute = find_attribute(list, count, type);
    return attribute != NULL && attribute->ulValueLen == 1 &&
           *(const unsigned char *)attribute->pValue == wanted;
}

/* What a half is to be, as PKCS #11 has it passed. */
#define TEMPLATE(half) CK_ATTRIBUTE *half, unsigned long half##_count

/* A private half that is not to stay, or that could be read out, is not made here. */
static CK_RV generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, TEMPLATE(public),
                               TEMPLATE(private), CK_OBJECT_HANDLE *ret_public,
                               CK_OBJECT_HANDLE *ret_private)
{
    (void)session;
    if (fails() || mechanism->mechanism != CKM_EC_EDWARDS_KEY_PAIR_GEN) {
        return CKR_DEVICE_ERROR;
    }
    if (!says(public, public_count, CKA_TOKEN, 1) || !says(private, private_count, CKA_TOKEN, 1) ||
        !says(private, private_count, CKA_PRIVATE, 1) ||
        !says(private, private_count, CKA_SENSITIVE, 1) ||
        !says(private, private_count, CKA_EXTRACTABLE, 0)) {
        return CKR_TEMPLATE_INCONSISTENT;
    }
    now.has_private = now.has_public = 1;
    *ret_public = MADE_PUBLIC_KEY;
    *ret_private = MADE_PRIVATE_KEY;
    return CKR_OK;
}

static CK_RV destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    int *half = object == MADE_PRIVATE_KEY ? &now.has_private : &now.has_public;
    (void)session;
    if (fails() || *half == 0) {
        return CKR_OBJECT_HANDLE_INVALID;
    }
    *half = 0;
    return CKR_OK;
}

CG_EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    static CK_FUNCTION_LIST functions = {
        .version = {2, 40},
        .C_Initialize = initialize,
        .C_Finalize = finalize,
        .C_GetSlotList = get_slot_list,
        .C_GetTokenInfo = get_token_info,
        .C_OpenSession = open_session,
        .C_CloseSession = close_session,
        .C_GetSessionInfo = get_session_info,
        .C_Login = login,
        .C_FindObjectsInit = find_objects_init,
        .C_FindObjects = find_objects,
        .C_FindObjectsFinal = find_objects_final,
        .C_GetAttributeValue = get_attribute_value,
        .C_SignInit = sign_init,
        .C_Sign = sign,
        .C_GenerateKeyPair = generate_key_pair,
        .C_DestroyObject = destroy_object,
    };
    if (fails()) {
        return CKR_GENERAL_ERROR;
    }
    *list = &functions;
    return CKR_OK;
}
