#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes discharge-letter.json: discharge-letter.txt as a FHIR R4 DocumentReference.

Patient, people and places are made up; the NHS number is of the range kept for tests (999).
"""

import base64
import hashlib
import json
import pathlib

HERE = pathlib.Path(__file__).parent
NHS_ID = "https://fhir.nhs.uk/Id"
SNOMED_CT = "http://snomed.info/sct"


def coded(system, code, display):
    return {"coding": [{"system": system, "code": code, "display": display}]}


def pointer(kind, system, value, display):
    identifier = {"system": f"{NHS_ID}/{system}", "value": value}
    return {"type": kind, "identifier": identifier, "display": display}


def attachment(data):
    """R4 Attachment: size and SHA-1 are those of the bytes before base64."""
    return {
        "contentType": "text/plain; charset=utf-8",
        "language": "en-GB",
        "data": base64.b64encode(data).decode(),
        "size": len(data),
        "hash": base64.b64encode(hashlib.sha1(data).digest()).decode(),
        "title": "Discharge letter, 6 November 2026",
        "creation": "2026-11-06T14:20:00+00:00",
    }


def letter(data):
    hospital_name = "Northmoor General Hospital"
    hospital = pointer("Organization", "ods-organization-code", "ZZ901", hospital_name)
    doctor = pointer("Practitioner", "sds-user-id", "999900001234", "Dr Tom Okafor")
    kind = coded(SNOMED_CT, "373942005", "Discharge summary")
    kind["coding"] += coded("http://loinc.org", "18842-5", "Discharge summary")["coding"]
    mime_type_says_all = {
        "system": "http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem",
        "code": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
        "display": "mimeType Sufficient",
    }
    return {
        "resourceType": "DocumentReference",
        "masterIdentifier": {
            "system": "urn:ietf:rfc:3986",
            "value": "urn:uuid:5f0c3b52-8d0e-4c0b-9b5e-3f7f5d1f6a10",
        },
        "status": "current",
        "docStatus": "final",
        "type": kind,
        "subject": pointer("Patient", "nhs-number", "9990123454", "Margaret EXAMPLE"),
        "date": "2026-11-06T14:25:00+00:00",
        "author": [doctor, hospital],
        "custodian": hospital,
        "description": "Discharge letter after an admission with pneumonia",
        "securityLabel": [
            coded("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N", "normal")
        ],
        "content": [{"attachment": attachment(data), "format": mime_type_says_all}],
        "context": {
            "period": {"start": "2026-11-02T09:10:00+00:00", "end": "2026-11-06T14:00:00+00:00"},
            "facilityType": coded(SNOMED_CT, "22232009", "Hospital"),
            "practiceSetting": coded(SNOMED_CT, "394802001", "General medicine"),
        },
    }


def main():
    resource = letter((HERE / "discharge-letter.txt").read_bytes())
    text = json.dumps(resource, indent=2, ensure_ascii=False)
    (HERE / "discharge-letter.json").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
