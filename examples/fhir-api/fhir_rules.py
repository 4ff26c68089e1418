# SPDX-License-Identifier: Apache-2.0
"""What a DocumentReference and a Binary must look like: FHIR R4 (4.0.1), and this API's own rules.

Breaking R4 is answered with 400, breaking only the API's own rules with 422.
"""

import base64
import binascii
import hashlib
import json
import math
import re
from datetime import date

ID = r"[A-Za-z0-9\-.]{1,64}"
NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
ISSUES_MAX_COUNT = 20

_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_PATTERNS = {
    "string": r"[ \r\n\t\S]+",
    "code": r"\S+(\s\S+)*",
    "id": ID,
    "uri": r"\S+",
    "instant": f"{_DAY}T{_TIME}{_ZONE}",
    "dateTime": f"[0-9]{{4}}(-(0[1-9]|1[0-2]))?|{_DAY}(T{_TIME}{_ZONE})?",
    "base64Binary": r"[A-Za-z0-9+/=\s]+",
    "status": "current|superseded|entered-in-error",
    "docStatus": "preliminary|final|amended|entered-in-error",
    "relation": "replaces|transforms|signs|appends",
    "use": "usual|official|temp|secondary|old",
}
PRIMITIVES = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}

# Each type's elements as name:type, "*" for a list, "!" for required; ">" names what a reference
# may point to. "any" is an object not looked into.
_RESOURCE = "resourceType:code! id:id meta:Meta implicitRules:uri language:code"
_DOMAIN = f"{_RESOURCE} text:any contained:any* modifierExtension:any*"
_PERSONS = "Practitioner|PractitionerRole"
_SHAPES = {
    "DocumentReference": f"""{_DOMAIN} masterIdentifier:Identifier identifier:Identifier*
        status:status! docStatus:docStatus type:CodeableConcept category:CodeableConcept*
        subject:Reference>Patient|Practitioner|Group|Device date:instant
        author:Reference>{_PERSONS}|Organization|Device|Patient|RelatedPerson*
        authenticator:Reference>{_PERSONS}|Organization custodian:Reference>Organization
        relatesTo:RelatesTo* description:string securityLabel:CodeableConcept*
        content:Content*! context:Context""",
    "Binary": f"{_RESOURCE} contentType:code! securityContext:Reference data:base64Binary",
    "Meta": """versionId:id lastUpdated:instant source:uri profile:uri* security:Coding*
        tag:Coding*""",
    "RelatesTo": "modifierExtension:any* code:relation! target:Reference>DocumentReference!",
    "Content": "modifierExtension:any* attachment:Attachment! format:Coding",
    "Context": """modifierExtension:any* encounter:Reference>Encounter|EpisodeOfCare*
        event:CodeableConcept* period:Period facilityType:CodeableConcept
        practiceSetting:CodeableConcept sourcePatientInfo:Reference>Patient related:Reference*""",
    "Attachment": """contentType:code language:code data:base64Binary url:uri size:unsignedInt
        hash:base64Binary title:string creation:dateTime""",
    "Reference": "reference:string type:uri identifier:Identifier display:string",
    "Identifier": """use:use type:CodeableConcept system:uri value:string period:Period
        assigner:Reference>Organization""",
    "CodeableConcept": "coding:Coding* text:string",
    "Coding": "system:uri version:string code:code display:string userSelected:boolean",
    "Period": "start:dateTime end:dateTime",
}


def _elements(text):
    pattern = re.compile(r"(\w+):(\w+)(?:>([\w|]+))?(\*?)(!?)")
    words = f"id:string extension:any* {text}".split()  # a resource has an id of its own, later
    return {name: rest for name, *rest in (pattern.fullmatch(word).groups() for word in words)}


SHAPES = {kind: _elements(text) for kind, text in _SHAPES.items()}


class Problem(Exception):
    """A refusal: an HTTP status and the issues of its OperationOutcome."""

    def __init__(self, status, *issues, headers=None):
        super().__init__(status)
        self.status, self.issues, self.headers = status, issues[:ISSUES_MAX_COUNT], headers

    def outcome(self):
        return {"resourceType": "OperationOutcome", "issue": list(self.issues)}


def issue(code, text, path=None):
    where = {"expression": [path]} if path else {}
    return {"severity": "error", "code": code, "diagnostics": text, **where}


def parse_json(data):
    """The JSON object in these bytes; refused are duplicate names and what JSON cannot say."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique,
                           parse_float=_finite, parse_constant=_finite)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # no lone surrogates
    except (ValueError, RecursionError):
        raise Problem(400, issue("structure", "the body is not JSON in UTF-8")) from None
    if not isinstance(value, dict):
        raise Problem(400, issue("structure", "the body is not a JSON object"))
    return value


def _unique(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def _finite(text):
    if not math.isfinite(float(text)):
        raise ValueError("not a finite number")
    return float(text)


def check_resource(resource, kind):
    """Raise the Problem that lists everything wrong with this resource, if anything is."""
    if resource.get("resourceType") != kind:
        raise Problem(400, issue("invalid", f"resourceType is not {kind}", f"{kind}.resourceType"))
    if kind not in SHAPES:
        if not isinstance(resource.get("meta", {}), dict):
            raise Problem(400, issue("structure", "an object belongs here", f"{kind}.meta"))
        return
    wrong = list(_check_object(resource, kind, kind))
    if wrong:
        raise Problem(400, *wrong)
    wrong = list(_own_rules(resource)) if kind == "DocumentReference" else []
    if wrong:
        raise Problem(422, *wrong)


def _check_object(value, kind, path):
    if not isinstance(value, dict) or not value:
        yield issue("structure", "an object with something in it belongs here", path)
        return
    if kind == "any":
        return
    shape = SHAPES[kind]
    for name in value:
        plain = name.removeprefix("_")
        if plain not in shape or (name != plain and shape[plain][0] in ("any", *SHAPES)):
            yield issue("structure", "R4 knows no such element", f"{path}.{name}")
    for name, (element, targets, many, required) in shape.items():
        if name in value:
            yield from _check_element(value[name], element, targets, many, f"{path}.{name}")
        elif required:
            yield issue("required", "this element is required", f"{path}.{name}")


def _check_element(value, kind, targets, many, path):
    if many and not (isinstance(value, list) and value):
        yield issue("structure", "a list with something in it belongs here", path)
        return
    for index, item in enumerate(value if many else [value]):
        place = f"{path}[{index}]" if many else path
        if kind == "any" or kind in SHAPES:
            yield from _check_object(item, kind, place)
        elif not _is_primitive(item, kind):
            yield issue("value", f"this is no {kind}", place)
        if kind == "Reference" and isinstance(item, dict):
            yield from _check_reference(item, targets, place)


def _is_primitive(value, kind):
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "unsignedInt":
        return type(value) is int and 0 <= value <= 2147483647
    if not isinstance(value, str) or not PRIMITIVES[kind].fullmatch(value):
        return False
    if kind == "base64Binary":
        return decoded(value) is not None
    return kind not in ("instant", "dateTime") or len(value) < 10 or _is_day(value[:10])


def _is_day(text):
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def decoded(text):
    """The bytes of a base64Binary (R4 lets white space stand in it), or None."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return None


def _check_reference(value, targets, path):
    if not any(name in value for name in ("reference", "identifier", "display", "extension")):
        yield issue("required", "a reference needs a reference, an identifier or a display", path)
    literal = str(value.get("reference"))
    named = re.search(rf"(?:^|/)([A-Z][A-Za-z]+)/{ID}(/_history/{ID})?$", literal)
    for kind in filter(None, (named and named[1], value.get("type"))):
        if targets and kind not in targets.split("|"):
            yield issue("value", f"this may point to {targets}", path)


def _own_rules(resource):
    for index, content in enumerate(resource["content"]):
        yield from _check_attachment(content["attachment"], f"content[{index}].attachment")
    subject = resource.get("subject", {}).get("identifier", {})
    if subject.get("system") == NHS_NUMBER_SYSTEM and not is_nhs_number(subject.get("value", "")):
        yield issue("business-rule", "this is no NHS number", "subject.identifier.value")


def _check_attachment(attachment, path):
    if "contentType" not in attachment:
        yield issue("business-rule", "an attachment says its content type", f"{path}.contentType")
    if "data" not in attachment:
        if "url" not in attachment:
            yield issue("business-rule", "an attachment has data or a url", path)
        return
    data = decoded(attachment["data"])
    if attachment.get("size", len(data)) != len(data):
        yield issue("business-rule", "size is not that of the data", f"{path}.size")
    digest = hashlib.sha1(data).digest()  # R4 asks for SHA-1, as a check of transport
    if "hash" in attachment and decoded(attachment["hash"]) != digest:
        yield issue("business-rule", "hash is not the SHA-1 of the data", f"{path}.hash")


def is_nhs_number(text):
    """Ten digits, not all the same, the last of which checks the others (modulus 11)."""
    if not re.fullmatch(r"[0-9]{10}", text) or len(set(text)) == 1:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, range(10, 1, -1)))
    return (11 - total % 11) % 11 == int(text[9])
