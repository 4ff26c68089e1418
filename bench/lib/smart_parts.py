# SPDX-License-Identifier: Apache-2.0
"""What is measured of the gate where SMART scopes decide."""
import json
import urllib.parse
import urllib.request

import gate_parts
import scene
from measure import say, worker_time, wrk

API = "record"
AUDIENCE = "https://care.example/record"
SCOPES = ("system/Patient.rs", "system/Observation.cruds", "system/Condition.rs",
          "system/Encounter.rs", "system/MedicationRequest.rs?status=active")
READ = "Patient/ward-9-0123456789"
SEARCH = "Observation?patient=9434765919&category=laboratory&_count=50&_sort=-date"
ENTRIES = 100
OBSERVATION = {
    "resourceType": "Observation", "status": "final",
    "category": [{"coding": [{"code": "laboratory", "display": "Laboratory", "system":
                              "http://terminology.hl7.org/CodeSystem/observation-category"}]}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7",
                         "display": "Hemoglobin [Mass/volume] in Blood"}], "text": "Hemoglobin"},
    "subject": {"reference": "Patient/9434765919"},
    "effectiveDateTime": "2026-01-31T09:30:10+01:00", "issued": "2026-01-31T15:30:10+01:00",
    "performer": [{"reference": "Practitioner/f005", "display": "A. Langeveld"}],
    "valueQuantity": {"value": 7.2, "unit": "g/dl", "system": "http://unitsofmeasure.org",
                      "code": "g/dL"},
    "referenceRange": [{"low": {"value": 7.5, "unit": "g/dl"},
                        "high": {"value": 10, "unit": "g/dl"}}],
}

SERVER = """
    server {{
        listen 127.0.0.1:{port};
        client_body_buffer_size 256k;
        location /fhir/ {{
            caregate_api record;
            caregate_smart on;
            proxy_pass http://api;
        }}
        location /plain/ {{ proxy_pass http://api; }}
    }}
"""


class SmartScene(scene.Scene):
    """With an API whose scopes are SMART scopes, at a port of its own."""

    def on_board(self, clients):
        self.smart_port = scene.free_port()
        super().on_board(clients)
        given = [word for scope in SCOPES for word in ("--scope", scope)]
        self.run("api", "add", API, "--audience", AUDIENCE, *given)
        client = self.credentials[0][0]
        agreement = self.run("agreement", "request", "--client", client, "--api", API, *given,
                             "--purpose", "direct_care")["agreement_id"]
        self.run("agreement", "approve", agreement, "--by", "bench")

    def more_servers(self):
        return SERVER.format(port=self.smart_port)


def get_token(bench):
    """For the API with SMART scopes alone: they are the same words at every API."""
    client, secret = bench.scene.credentials[0]
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret,
            "resource": AUDIENCE}
    path = bench.scene.folder / "smart-token"
    with urllib.request.urlopen(bench.scene.token_url, urllib.parse.urlencode(form).encode(),
                                timeout=10) as answer:
        path.write_text(json.load(answer)["access_token"] + "\n")
    return path


def places_of(bench, request):
    base = f"http://127.0.0.1:{bench.scene.smart_port}"
    return {"plain": f"{base}/plain/{request}", "gated": f"{base}/fhir/{request}"}


def tell_calls(bench, name, key, rounds):
    bench.ratio(f"gate with SMART scopes, {name}, against proxy_pass", f"gate_smart_{key}_ratio",
                [gated["per_s"] / plain["per_s"] for plain, gated in rounds], "0.93")
    bench.ratio("  the same, by the worker's processor time", f"gate_smart_{key}_cpu_ratio",
                [plain["worker_us"] / gated["worker_us"] for plain, gated in rounds], "0.93")


def write_bundle(bench):
    entry = {"resource": OBSERVATION, "request": {"method": "POST", "url": "Observation"}}
    path = bench.scene.folder / "bundle.json"
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "transaction",
                                "entry": [entry] * ENTRIES}))
    say(f"  a transaction of {ENTRIES} entries, {path.stat().st_size} bytes")
    return path


def bundle_round(bench, token, body):
    places = places_of(bench, "")
    return {name: worker_time(bench.scene.nginx, lambda url=url: wrk(
        "bundle.lua", url, f"{token} {body}", bench.options.seconds, 16))
            for name, url in places.items()}


def part_smart(bench):
    """the gate where SMART scopes decide: reads, searches, and a transaction of 100 entries"""
    with bench.scene_of_its_own(SmartScene, "smart") as smart:
        token = get_token(bench)
        for name, key, request in (("reads", "read", READ), ("searches", "search", SEARCH)):
            places = places_of(bench, request)
            wrk("gate.lua", places["gated"], token, 1)
            rounds = gate_parts.gate_rounds(bench, token, gate_parts.CONNECTIONS, places=places)
            tell_calls(bench, name, key, rounds)
        body = write_bundle(bench)
        costs = []
        for number in range(bench.options.rounds):
            both = bench.quiet.run(f"transactions, round {number + 1}", smart.masters,
                                   lambda: bundle_round(bench, token, body))
            costs.append(both["gated"]["worker_us"] - both["plain"]["worker_us"])
    bench.number(f"processor time that a transaction of {ENTRIES} entries adds", "gate_bundle_us",
                 costs, "µs", "300")
