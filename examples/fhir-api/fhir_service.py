# SPDX-License-Identifier: Apache-2.0
"""The FHIR interactions, from request to reply, knowing nothing of sockets."""

import base64
import collections
import email.utils
import json
import pathlib
import re
import urllib.parse
import uuid
from datetime import datetime, timezone

from fhir_rules import ID, Problem, check_resource, decoded, issue, parse_json
from fhir_store import etag, instant

FHIR_JSON = "application/fhir+json"
FHIR_TYPES = (FHIR_JSON, "application/json", "text/json")
FORM = "application/x-www-form-urlencoded"
MIME = re.compile(r"[\w.+-]+/[\w.+-]+( ?; ?[\w.+-]+=[\w.+-]+)*", re.ASCII)
CALLER_HEADERS = {
    "client": "Caregate-Client-Id",
    "organisation": "Caregate-Organisation",
    "subject": "Caregate-Subject",
    "scope": "Caregate-Scope",
    "token": "Caregate-Token-Id",
}
_KIND = r"(?P<kind>[A-Z][A-Za-z]*)"
_KEY = rf"{_KIND}/(?P<key>(?!\.+(/|$)){ID})"  # R4 allows the id "..": no name for a folder
ROUTES = (
    (r"metadata", {"GET": "metadata"}),
    (r"(\$|%24)who", {"GET": "who"}),
    (_KIND, {"GET": "search", "POST": "create"}),
    (rf"{_KIND}/_search", {"POST": "search_form"}),
    (_KEY, {"GET": "read", "PUT": "update", "DELETE": "delete"}),
    (rf"{_KEY}/_history/(?P<number>[0-9]{{1,9}})", {"GET": "read"}),
)

Request = collections.namedtuple("Request", "method path query headers body")


class Reply:
    """A status, headers, a body (resource, bytes or nothing) and the resource it is about."""

    def __init__(self, status, body=None, headers=None, target=None):
        self.status, self.target = status, target
        self.headers = dict(headers or {})
        self.body = body if isinstance(body, bytes) else b""
        if isinstance(body, dict):
            self.body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            self.headers.setdefault("Content-Type", f"{FHIR_JSON}; charset=utf-8")


class Service:
    def __init__(self, store, any_resource=False, echo=False, base_url="/fhir"):
        self.store, self.echo, self.base = store, echo, base_url.rstrip("/")
        self.kinds = {"DocumentReference", "Binary"}
        if any_resource:
            lines = pathlib.Path(__file__).with_name("r4-types.txt").read_text("utf-8").splitlines()
            self.kinds |= {line for line in lines if line and not line.startswith("#")}
        self.started = datetime.now(timezone.utc)

    def answer(self, request):
        for pattern, methods in ROUTES:
            match = re.fullmatch(f"/fhir/{pattern}", request.path, re.ASCII)
            if match:
                return self._dispatch(request, methods, match.groupdict())
        raise Problem(404, issue("not-found", "there is nothing at this address"))

    def _dispatch(self, request, methods, names):
        if names.get("kind", "Binary") not in self.kinds:
            raise Problem(404, issue("not-supported", "this resource type is not kept here"))
        action = methods.get("GET" if request.method == "HEAD" else request.method)
        if action is None:
            allow = ", ".join([*methods, "HEAD"] if "GET" in methods else methods)
            refusal = issue("not-supported", f"allowed here: {allow}")
            raise Problem(405, refusal, headers={"Allow": allow})
        return getattr(self, action)(request, **names)

    def create(self, request, kind):
        return self._stored(kind, str(uuid.uuid4()), _resource_of(request, kind))

    def update(self, request, kind, key):
        resource = _resource_of(request, kind)
        if _media_type(request) in FHIR_TYPES and resource.get("id") != key:
            raise Problem(400, issue("value", "this is not the id in the address", f"{kind}.id"))
        return self._stored(kind, key, resource, request.headers.get("If-Match"))

    def _stored(self, kind, key, resource, if_match=None):
        version, created = self.store.put(kind, key, resource, if_match)
        place = f"{kind}/{key}/_history/{version.number}"
        headers = {**_version_headers(version), "Location": f"{self.base}/{place}"}
        return Reply(201 if created else 200, version.resource, headers, place)

    def read(self, request, kind, key, number=None):
        version = self.store.get(kind, key, number and int(number))
        headers, place = _version_headers(version), f"{kind}/{key}/_history/{version.number}"
        if _names(request.headers.get("If-None-Match", ""), headers["ETag"]):
            return Reply(304, None, headers, place)
        accept = request.headers.get("Accept", "*/*")
        if kind == "Binary" and not any(one in accept for one in FHIR_TYPES):
            headers.update(_raw_headers(version.resource))
            return Reply(200, decoded(version.resource.get("data", "")), headers, place)
        if not any(one in accept for one in (*FHIR_TYPES, "*/*", "application/*")):
            raise Problem(406, issue("not-supported", f"this is to be had as {FHIR_JSON}"))
        return Reply(200, version.resource, headers, place)

    def delete(self, request, kind, key):
        try:
            self.store.get(kind, key)
        except Problem as problem:
            if problem.status == 410:
                return Reply(204, target=f"{kind}/{key}")
            raise
        self.store.put(kind, key, None, request.headers.get("If-Match"))
        return Reply(204, target=f"{kind}/{key}")

    def search(self, request, kind):
        return self._searched(kind, request.query)

    def search_form(self, request, kind):
        if _media_type(request) != FORM:
            raise Problem(415, issue("not-supported", f"a search is sent as {FORM}"))
        form = request.body.decode("utf-8", "replace")
        return self._searched(kind, "&".join(filter(None, (request.query, form))))

    def _searched(self, kind, query):
        asked = _parameters(query)
        found = [one for one in self.store.current(kind) if _matches(one, asked)]
        url = f"{self.base}/{kind}?{urllib.parse.urlencode(asked)}".rstrip("?")
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        bundle["link"] = [{"relation": "self", "url": url}]
        if found:
            bundle["entry"] = [self._entry(kind, one) for one in found]
        return Reply(200, bundle, target=kind)

    def _entry(self, kind, resource):
        entry = {"resource": resource, "search": {"mode": "match"}}
        if "://" in self.base:  # R4 Bundle: a fullUrl is absolute
            entry["fullUrl"] = f"{self.base}/{kind}/{resource['id']}"
        return entry

    def metadata(self, _request):
        return Reply(200, _capability(sorted(self.kinds), self.started), target="metadata")

    def who(self, request):
        if not self.echo:
            raise Problem(404, issue("not-supported", "this needs --echo"))
        body = {"method": request.method, "path": request.path, "query": request.query,
                "caller": caller(request.headers), "headers": list(request.headers.items())}
        return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"}, "$who")


def caller(headers):
    """Who calls, in the words of the gate in front."""
    return {name: headers.get(header) for name, header in CALLER_HEADERS.items()}


def _media_type(request):
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _resource_of(request, kind):
    """The resource in the body: FHIR JSON, or for a Binary whatever else it may be."""
    content_type, media_type = request.headers.get("Content-Type", ""), _media_type(request)
    if media_type in FHIR_TYPES:
        if not re.search(r"charset=(?!\"?utf-8)", content_type, re.IGNORECASE):
            resource = parse_json(request.body)
            check_resource(resource, kind)
            return resource
    elif kind == "Binary" and "fhir+" not in media_type and MIME.fullmatch(content_type):
        data = base64.b64encode(request.body).decode()
        resource = {"resourceType": "Binary", "contentType": content_type}
        context = request.headers.get("X-Security-Context")
        resource.update({"securityContext": {"reference": context}} if context else {})
        return {**resource, **({"data": data} if data else {})}
    raise Problem(415, issue("not-supported", f"a {kind} is sent as {FHIR_JSON}, in UTF-8"))


def _version_headers(version):
    modified = email.utils.format_datetime(version.when, usegmt=True)
    return {"ETag": etag(version), "Last-Modified": modified}


def _names(if_none_match, tag):
    return any(one.strip() in ("*", tag, tag[2:]) for one in if_none_match.split(","))


def _raw_headers(binary):
    """Its own content type, and nothing that a browser would run in this API's name."""
    known = MIME.fullmatch(binary["contentType"])
    content_type = binary["contentType"] if known else "application/octet-stream"
    return {"Content-Type": content_type, "Content-Security-Policy": "sandbox"}


def _parameters(query):
    """The search as pairs. An unknown name is refused: ignored, it would widen the answer."""
    try:
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, errors="strict",
                                       max_num_fields=20)
    except ValueError:
        raise Problem(400, issue("value", "the query cannot be read")) from None
    for name, value in pairs:
        if name not in MATCHERS or not value:
            raise Problem(400, issue("not-supported", f"a search needs {', '.join(MATCHERS)}"))
    return pairs


def _matches(resource, asked):
    """R4 search: every parameter must match, by any of its values between commas."""
    return all(any(MATCHERS[name](resource, one) for one in value.split(","))
               for name, value in asked)


def _patients(resource):
    for element in (resource.get("subject"), resource.get("patient")):
        items = element if isinstance(element, list) else [element]
        yield from (item for item in items if isinstance(item, dict))


def _is_patient(resource, value):
    wanted = value if "/" in value else f"Patient/{value}"
    return any(one.get("reference") == wanted for one in _patients(resource))


def _has_identifier(resource, token):
    system, bar, value = token.rpartition("|")
    found = [one["identifier"] for one in _patients(resource) if "identifier" in one]
    return any((not bar or one.get("system", "") == system) and value in ("", one.get("value"))
               for one in found if isinstance(one, dict))


MATCHERS = {
    "_id": lambda resource, value: resource["id"] == value,
    "patient": _is_patient,
    "patient.identifier": _has_identifier,
    "patient:identifier": _has_identifier,
}


def _capability(kinds, started):
    """R4 CapabilityStatement: what this instance does, and that a gate with OAuth guards it."""
    codes = "http://terminology.hl7.org/CodeSystem/restful-security-service"
    services = [{"coding": [{"system": codes, "code": code}]}
                for code in ("OAuth", "SMART-on-FHIR")]
    actions = [{"code": code} for code in
               ("read", "vread", "update", "delete", "create", "search-type")]
    searches = [{"name": "_id", "type": "token"}, {"name": "patient", "type": "reference"}]
    resources = [{"type": kind, "interaction": actions, "versioning": "versioned",
                  "updateCreate": True, "searchParam": searches} for kind in kinds]
    security = {"cors": False, "service": services,
                "description": "A gate in front lets in only who bears a token for this API."}
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(started),
        "kind": "instance",
        "implementation": {"description": "A small document store, to stand behind a gate"},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json"],
        "rest": [{"mode": "server", "security": security, "resource": resources}],
    }
