/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "registry/agreement.h"

/* Codes in plain words; the help names the code of HL7 v3 PurposeOfUse that each stands for. */
static const struct cg_purpose purposes[] = {
    {"direct_care", "treating or caring for the person (HL7 TREAT)"},
    {"care_management", "planning and co-ordinating a person's care (HL7 CAREMGT)"},
    {"emergency_care", "treatment that cannot wait (HL7 ETREAT)"},
    {"patient_request", "the person asks for it, or for access of their own (HL7 PATRQT)"},
    {"family_request", "somebody asks on the person's behalf (HL7 FAMRQT)"},
    {"public_health", "protecting the health of the population (HL7 PUBHLTH)"},
    {"clinical_audit", "comparing care given with standards (HL7 HQUALIMP)"},
    {"service_evaluation", "judging how a service performs (HL7 PERFMSR)"},
    {"operations", "running a health or care service (HL7 HOPERAT)"},
    {"payment", "paying for care, or showing that it is owed (HL7 HPAYMT)"},
    {"safeguarding", "protecting a child or an adult at risk (HL7 THREAT)"},
    {"legal", "a duty or request in law (HL7 HLEGAL)"},
    {"research", "research with the approvals that it needs (HL7 HRESCH)"},
    {"training", "teaching and training of staff (HL7 TRAIN)"},
    {"system_administration", "keeping systems working, without use of records (HL7 HSYSADMIN)"},
};

const struct cg_purpose *cg_purpose_at(size_t index)
{
    return index < sizeof(purposes) / sizeof(purposes[0]) ? &purposes[index] : NULL;
}

/* "Direct care" and "direct-care" are direct_care. */
static bool is_spelling_of(struct cg_span text, const char *code)
{
    struct cg_span exact = cg_span_of_string(code);
    if (text.len != exact.len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        bool gap = byte == ' ' || byte == '-' || byte == '_';
        uint8_t lower = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
        if ((gap ? '_' : lower) != exact.data[i]) {
            return false;
        }
    }
    return true;
}

const struct cg_purpose *cg_purpose_find(struct cg_span text)
{
    for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
        if (is_spelling_of(text, purposes[i].code)) {
            return &purposes[i];
        }
    }
    return NULL;
}
