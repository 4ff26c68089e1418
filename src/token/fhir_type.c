/* SPDX-License-Identifier: Apache-2.0 */
#include "token/fhir_type.h"

#include "base/span.h"

#include <stdlib.h>

/* In the order of bytes, for the search. */
static const struct cg_span names[] = {
    CG_SPAN("Account"),
    CG_SPAN("ActivityDefinition"),
    CG_SPAN("AdverseEvent"),
    CG_SPAN("AllergyIntolerance"),
    CG_SPAN("Appointment"),
    CG_SPAN("AppointmentResponse"),
    CG_SPAN("AuditEvent"),
    CG_SPAN("Basic"),
    CG_SPAN("Binary"),
    CG_SPAN("BiologicallyDerivedProduct"),
    CG_SPAN("BodyStructure"),
    CG_SPAN("Bundle"),
    CG_SPAN("CapabilityStatement"),
    CG_SPAN("CarePlan"),
    CG_SPAN("CareTeam"),
    CG_SPAN("CatalogEntry"),
    CG_SPAN("ChargeItem"),
    CG_SPAN("ChargeItemDefinition"),
    CG_SPAN("Claim"),
    CG_SPAN("ClaimResponse"),
    CG_SPAN("ClinicalImpression"),
    CG_SPAN("CodeSystem"),
    CG_SPAN("Communication"),
    CG_SPAN("CommunicationRequest"),
    CG_SPAN("CompartmentDefinition"),
    CG_SPAN("Composition"),
    CG_SPAN("ConceptMap"),
    CG_SPAN("Condition"),
    CG_SPAN("Consent"),
    CG_SPAN("Contract"),
    CG_SPAN("Coverage"),
    CG_SPAN("CoverageEligibilityRequest"),
    CG_SPAN("CoverageEligibilityResponse"),
    CG_SPAN("DetectedIssue"),
    CG_SPAN("Device"),
    CG_SPAN("DeviceDefinition"),
    CG_SPAN("DeviceMetric"),
    CG_SPAN("DeviceRequest"),
    CG_SPAN("DeviceUseStatement"),
    CG_SPAN("DiagnosticReport"),
    CG_SPAN("DocumentManifest"),
    CG_SPAN("DocumentReference"),
    CG_SPAN("EffectEvidenceSynthesis"),
    CG_SPAN("Encounter"),
    CG_SPAN("Endpoint"),
    CG_SPAN("EnrollmentRequest"),
    CG_SPAN("EnrollmentResponse"),
    CG_SPAN("EpisodeOfCare"),
    CG_SPAN("EventDefinition"),
    CG_SPAN("Evidence"),
    CG_SPAN("EvidenceVariable"),
    CG_SPAN("ExampleScenario"),
    CG_SPAN("ExplanationOfBenefit"),
    CG_SPAN("FamilyMemberHistory"),
    CG_SPAN("Flag"),
    CG_SPAN("Goal"),
    CG_SPAN("GraphDefinition"),
    CG_SPAN("Group"),
    CG_SPAN("GuidanceResponse"),
    CG_SPAN("HealthcareService"),
    CG_SPAN("ImagingStudy"),
    CG_SPAN("Immunization"),
    CG_SPAN("ImmunizationEvaluation"),
    CG_SPAN("ImmunizationRecommendation"),
    CG_SPAN("ImplementationGuide"),
    CG_SPAN("InsurancePlan"),
    CG_SPAN("Invoice"),
    CG_SPAN("Library"),
    CG_SPAN("Linkage"),
    CG_SPAN("List"),
    CG_SPAN("Location"),
    CG_SPAN("Measure"),
    CG_SPAN("MeasureReport"),
    CG_SPAN("Media"),
    CG_SPAN("Medication"),
    CG_SPAN("MedicationAdministration"),
    CG_SPAN("MedicationDispense"),
    CG_SPAN("MedicationKnowledge"),
    CG_SPAN("MedicationRequest"),
    CG_SPAN("MedicationStatement"),
    CG_SPAN("MedicinalProduct"),
    CG_SPAN("MedicinalProductAuthorization"),
    CG_SPAN("MedicinalProductContraindication"),
    CG_SPAN("MedicinalProductIndication"),
    CG_SPAN("MedicinalProductIngredient"),
    CG_SPAN("MedicinalProductInteraction"),
    CG_SPAN("MedicinalProductManufactured"),
    CG_SPAN("MedicinalProductPackaged"),
    CG_SPAN("MedicinalProductPharmaceutical"),
    CG_SPAN("MedicinalProductUndesirableEffect"),
    CG_SPAN("MessageDefinition"),
    CG_SPAN("MessageHeader"),
    CG_SPAN("MolecularSequence"),
    CG_SPAN("NamingSystem"),
    CG_SPAN("NutritionOrder"),
    CG_SPAN("Observation"),
    CG_SPAN("ObservationDefinition"),
    CG_SPAN("OperationDefinition"),
    CG_SPAN("OperationOutcome"),
    CG_SPAN("Organization"),
    CG_SPAN("OrganizationAffiliation"),
    CG_SPAN("Parameters"),
    CG_SPAN("Patient"),
    CG_SPAN("PaymentNotice"),
    CG_SPAN("PaymentReconciliation"),
    CG_SPAN("Person"),
    CG_SPAN("PlanDefinition"),
    CG_SPAN("Practitioner"),
    CG_SPAN("PractitionerRole"),
    CG_SPAN("Procedure"),
    CG_SPAN("Provenance"),
    CG_SPAN("Questionnaire"),
    CG_SPAN("QuestionnaireResponse"),
    CG_SPAN("RelatedPerson"),
    CG_SPAN("RequestGroup"),
    CG_SPAN("ResearchDefinition"),
    CG_SPAN("ResearchElementDefinition"),
    CG_SPAN("ResearchStudy"),
    CG_SPAN("ResearchSubject"),
    CG_SPAN("RiskAssessment"),
    CG_SPAN("RiskEvidenceSynthesis"),
    CG_SPAN("Schedule"),
    CG_SPAN("SearchParameter"),
    CG_SPAN("ServiceRequest"),
    CG_SPAN("Slot"),
    CG_SPAN("Specimen"),
    CG_SPAN("SpecimenDefinition"),
    CG_SPAN("StructureDefinition"),
    CG_SPAN("StructureMap"),
    CG_SPAN("Subscription"),
    CG_SPAN("Substance"),
    CG_SPAN("SubstanceNucleicAcid"),
    CG_SPAN("SubstancePolymer"),
    CG_SPAN("SubstanceProtein"),
    CG_SPAN("SubstanceReferenceInformation"),
    CG_SPAN("SubstanceSourceMaterial"),
    CG_SPAN("SubstanceSpecification"),
    CG_SPAN("SupplyDelivery"),
    CG_SPAN("SupplyRequest"),
    CG_SPAN("Task"),
    CG_SPAN("TerminologyCapabilities"),
    CG_SPAN("TestReport"),
    CG_SPAN("TestScript"),
    CG_SPAN("ValueSet"),
    CG_SPAN("VerificationResult"),
    CG_SPAN("VisionPrescription"),
};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

static int compare(const void *key, const void *element)
{
    const struct cg_span *name = key;
    const struct cg_span *known = element;
    /* The first letter settles most of them. */
    int order = name->data[0] - known->data[0];
    return order != 0 ? order : cg_span_compare(*name, *known);
}

bool cg_fhir_type_find(struct cg_span name, struct cg_span *ret_name)
{
    /* Every gate asks of ids, too, most of which begin otherwise. */
    if (name.len == 0 || name.data[0] < 'A' || name.data[0] > 'Z') {
        return false;
    }
    const struct cg_span *found = bsearch(&name, names, NAME_COUNT, sizeof(names[0]), compare);
    if (found == NULL) {
        return false;
    }
    *ret_name = *found;
    return true;
}

bool cg_fhir_type_is(struct cg_span name)
{
    struct cg_span found;
    return cg_fhir_type_find(name, &found);
}

const char *cg_fhir_type_at(size_t index)
{
    return index < NAME_COUNT ? (const char *)names[index].data : NULL;
}
