/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/utf8.h"

/* RFC 3629 §4: what may follow a lead byte; only the second byte's range varies. */
struct form {
    uint8_t lead_first;
    uint8_t lead_last;
    uint8_t second_first;
    uint8_t second_last;
    uint8_t length;
};

static const struct form forms[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static const struct form *form_of(uint8_t lead)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (lead >= forms[i].lead_first && lead <= forms[i].lead_last) {
            return &forms[i];
        }
    }
    return NULL;
}

size_t cg_utf8_length_at(struct cg_span text, size_t at)
{
    const uint8_t *bytes = text.data + at;
    if (bytes[0] < 0x80) {
        return 1;
    }
    const struct form *form = form_of(bytes[0]);
    if (form == NULL || text.len - at < form->length) {
        return 0;
    }
    if (bytes[1] < form->second_first || bytes[1] > form->second_last) {
        return 0;
    }
    for (size_t i = 2; i < form->length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return form->length;
}

bool cg_utf8_is_valid(struct cg_span text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t length = cg_utf8_length_at(text, at);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}
