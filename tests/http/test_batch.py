# SPDX-License-Identifier: Apache-2.0
"""`caregate batch`: a folder of FHIR documents goes through the agent, each once."""
import collections
import copy
import json
import pathlib
import signal
import subprocess
import threading
import time

import pytest
import requests
from support.agent import Scene
from support.agent_machine import AgentMachine
from support.house import build, environment
from support.wait import wait_until

LETTER = pathlib.Path(__file__).resolve().parents[2] / "examples/fhir-api/discharge-letter.json"
JOURNAL = ".caregate-batch"


@pytest.fixture
def scene():
    """Issuer, API and agent of the test itself: the API's answers are what it says."""
    made = Scene()
    yield made.start()
    made.close()


@pytest.fixture
def agent(house):
    """An agent of `agent init`, with our issuer and gate, before the example FHIR API."""
    client = house.onboard("Batch", "documents", "documents.read documents.write")
    made = AgentMachine(house, client, upstream="/fhir/")
    yield made.start()
    made.close()


def folder_of(tmp_path, count, **more):
    folder = tmp_path / "letters"
    folder.mkdir()
    for number in range(count):
        put(folder, f"{number:03}.json", {"resourceType": "Basic", "language": f"n{number}"})
    for name, resource in more.items():
        put(folder, f"{name}.json", resource)
    return folder


def put(folder, name, resource):
    (folder / name).write_text(json.dumps(resource), encoding="utf-8")


def send(house, scene, folder, *options, json=True):
    return house.run("--dir", scene.agent.home, "batch", "record", folder, *options, json=json)


def id_of(call):
    return {name.lower(): value for name, value in call["headers"]}["x-request-id"]


def ids_by_document(scene):
    """The X-Request-IDs with which each document came, in order."""
    seen = collections.defaultdict(list)
    for call in scene.api.seen:
        seen[json.loads(call["body"])["language"]].append(id_of(call))
    return seen


def test_a_folder_is_sent_and_a_refused_document_is_in_the_report(agent, house, tmp_path):
    letter = json.loads(LETTER.read_text(encoding="utf-8"))
    letter.pop("id", None)
    named, broken = copy.deepcopy(letter), copy.deepcopy(letter)
    named["id"] = f"batch-{agent.port}"
    broken["status"] = "planted-status"
    more = {f"letter-{number}": letter for number in range(9)}
    folder = folder_of(tmp_path, 0, named=named, broken=broken, **more)
    (folder / "torn.json").write_text('{"resourceType": "Basic"', encoding="utf-8")
    (folder / "readme.txt").write_text("no document", encoding="utf-8")
    done = agent.run("batch", "record", folder)
    assert done.code == 1, done.out + done.err
    report = done.json
    assert (report["documents"], report["taken"], report["failed"]) == (12, 10, 2)
    by_file = {failure["file"]: failure for failure in report["failures"]}
    assert by_file["broken.json"]["status"] in (400, 422)
    assert "DocumentReference.status" in by_file["broken.json"]["reason"]
    assert by_file["torn.json"]["status"] == 0 and "request_id" not in by_file["torn.json"]
    assert "planted" not in done.out + done.err and "eyJ" not in done.out + done.err
    there = agent.call(f"/record/DocumentReference/{named['id']}")
    assert there.status_code == 200 and there.json()["meta"]["versionId"] == "1"

    # Mended, the two are sent; nothing else is.
    put(folder, "broken.json", letter)
    put(folder, "torn.json", letter)
    done = agent.run("batch", "record", folder)
    assert done.code == 0, done.out + done.err
    assert (done.json["taken"], done.json["taken_before"], done.json["tries"]) == (2, 10, 2)
    there = agent.call(f"/record/DocumentReference/{named['id']}")
    assert there.json()["meta"]["versionId"] == "1"
    text = agent.run("batch", "record", folder, json=False)
    assert text.code == 0 and "taken before" in text.out, text.out


def test_what_fails_at_first_is_tried_again_by_the_same_request_id(house, scene, tmp_path):
    folder = folder_of(tmp_path, 4)
    scene.api.reply = (503, [("Retry-After", "1")], b"")

    def mend():
        wait_until(lambda: len(scene.api.seen) >= 4, 30, "four first tries")
        scene.api.reply = None

    mender = threading.Thread(target=mend)
    mender.start()
    done = send(house, scene, folder)
    mender.join()
    assert done.code == 0, done.out + done.err
    assert done.json["taken"] == 4 and done.json["tries"] >= 8
    seen = ids_by_document(scene)
    assert len(seen) == 4
    assert all(len(ids) >= 2 and len(set(ids)) == 1 for ids in seen.values()), seen
    assert len({ids[0] for ids in seen.values()}) == 4
    assert {call["path"] for call in scene.api.seen} == {"/Basic"}


def test_after_kill_9_each_document_is_sent_once_or_by_the_same_request_id(house, scene, tmp_path):
    folder = folder_of(tmp_path, 200)
    lets_in = scene.api.lets_in
    scene.api.lets_in = lambda given: time.sleep(0.02) or lets_in(given)  # time to be killed in
    journal = folder / JOURNAL
    command = [build() / "cli" / "caregate", "--dir", scene.agent.home, "batch", "record", folder,
               "--parallel", "3"]
    run = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, env=environment())
    try:
        wait_until(lambda: journal.is_file() and journal.read_text().count("taken ") >= 20, 60,
                   "documents that were taken")
    finally:
        run.kill()
    assert run.wait(30) == -signal.SIGKILL
    taken = {line.split()[2] for line in journal.read_text().splitlines()
             if line.startswith("taken ")}
    assert 20 <= len(taken) < 200
    with open(journal, "a", encoding="utf-8") as file:
        file.write("taken torn 199.js")
    done = send(house, scene, folder)
    assert done.code == 0, done.out + done.err
    assert done.json["taken_before"] == len(taken)
    assert done.json["taken"] == 200 - len(taken)
    seen = ids_by_document(scene)
    assert len(seen) == 200
    assert all(len(set(ids)) == 1 for ids in seen.values())
    assert all(len(seen[f"n{int(file.removesuffix('.json'))}"]) == 1 for file in taken)
    assert sum(len(ids) - 1 for ids in seen.values()) <= 3


def test_what_nobody_answers_is_left_and_keeps_its_request_id(house, scene, tmp_path):
    folder = folder_of(tmp_path, 40)
    scene.agent.stop()
    done = send(house, scene, folder, "--parallel", "40")
    assert done.code == 1, done.out + done.err
    report = done.json
    assert report["taken"] == 0 and report["failed"] + report["left"] == 40
    assert all(failure["status"] == 0 and failure["reason"] == "nobody answered"
               for failure in report["failures"])
    kept = {failure["request_id"] for failure in report["failures"]}
    scene.agent.start()
    assert send(house, scene, folder).code == 0
    assert kept <= {ids[0] for ids in ids_by_document(scene).values()}
    assert len(scene.api.seen) == 40


def test_to_names_where_all_documents_go(house, scene, tmp_path):
    folder = folder_of(tmp_path, 1, named={"resourceType": "Basic", "id": "x", "language": "x"})
    assert send(house, scene, folder, "--to", "/elsewhere").code == 2
    assert send(house, scene, folder, "--parallel", "0").code == 2
    assert not (folder / JOURNAL).exists()
    assert send(house, scene, folder, "--to", "/record/inbox?a=b").code == 0
    assert [(call["method"], call["path"]) for call in scene.api.seen] == [
        ("POST", "/inbox?a=b")] * 2
    done = house.run("--dir", scene.agent.home, "batch", "other", folder)
    assert done.code == 1 and "other" in done.err


def test_no_token_comes_into_folder_or_report(house, scene, tmp_path):
    folder = folder_of(tmp_path, 3)
    scene.api.reply = (422, [], json.dumps({"issue": [{
        "code": "invalid", "diagnostics": "token-0001-planted n0"}]}).encode())
    for as_json in (True, False):
        done = send(house, scene, folder, json=as_json)
        assert done.code == 1 and "invalid" in done.out
        for word in ("planted", "n0", "Bearer"):
            assert word not in done.out + done.err + (folder / JOURNAL).read_text()
    assert all(len(set(ids)) == 2 for ids in ids_by_document(scene).values())
    assert requests.get(scene.agent.url + "/record/x", timeout=10).status_code == 422
