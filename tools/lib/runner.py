# SPDX-License-Identifier: Apache-2.0
"""What tools/test and tools/check share: running a step, and counting what passed and failed."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"  # Debian's: its packages bring the test libraries
GOOD_RESULTS = {"OK", "SKIP", "EXPECTEDFAIL"}


class Tally:
    """How many tests passed, failed and were skipped, and which failed."""

    def __init__(self):
        self.passed = 0
        self.skipped = 0
        self.failures = []

    def add(self, label, good):
        if good:
            self.passed += 1
        else:
            self.failures.append(label)

    def close(self):
        """Prints the closing line and ends with the status that it deserves."""
        if self.passed == 0 and not self.failures:
            self.failures.append("no test ran")
        if self.failures:
            print("\nFailed:")
            for label in self.failures:
                print(f"  {label}")
        line = f"{self.passed} passed, {len(self.failures)} failed"
        print()
        print(f"{line}, {self.skipped} skipped" if self.skipped else line, flush=True)
        sys.exit(1 if self.failures else 0)


def title(text):
    print(f"\n== {text}", flush=True)


def step(tally, label, command, env=None):
    """One command that counts as one test; its output is shown when it fails."""
    began = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        good, output = done.returncode == 0, done.stdout.decode(errors="replace")
    except OSError as error:
        good, output = False, str(error)
    print(f"{'ok' if good else 'FAILED':7}{label} ({time.monotonic() - began:.1f} s)", flush=True)
    if not good:
        print("\n".join("    " + line for line in output.splitlines()[-80:]), flush=True)
    tally.add(label, good)
    return good


def count_program(tally, entry):
    """Counts the TAP lines of one program of `meson test`, and its own end."""
    program = entry["name"].rpartition(" / ")[2]
    cases = re.findall(r"^(not ok|ok) \d+(?: - )?(.*)$", entry.get("stdout", ""), re.M)
    bad = 0
    for state, name in cases:
        if "# SKIP" in name:
            tally.skipped += 1
        else:
            tally.add(f"{program}: {name}", state == "ok")
            bad += state != "ok"
    # A program that died, timed out, leaked, or did not run what it planned.
    if entry["result"] not in GOOD_RESULTS and not bad:
        tally.add(f"{program}: {entry['result'].lower()}", False)
        bad += 1
    elif not cases:
        tally.add(f"{program}: reported no case", False)
    if bad:
        print(f"FAILED {program}")
        for stream in ("stdout", "stderr"):
            for line in entry.get(stream, "").splitlines()[-60:]:
                print(f"    {line}")
    return len(cases)


def meson_suite(tally, build, suite, options=()):
    """Runs one suite of `meson test` and counts its cases."""
    log = ROOT / build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    began = time.monotonic()
    subprocess.run(["meson", "test", "-C", str(ROOT / build), "--no-rebuild", "--suite", suite,
                    *options], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                   check=False)
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()
               ] if log.is_file() else []
    cases = sum(count_program(tally, entry) for entry in entries)
    if not entries:
        tally.add(f"suite {suite}: no test ran", False)
    print(f"{'':7}{suite}: {cases} cases in {len(entries)} programs "
          f"({time.monotonic() - began:.1f} s)", flush=True)


def count_junit(tally, path):
    """Counts the cases of a JUnit file; how many there were."""
    if not path.is_file():
        return 0
    count = 0
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        count += 1
        if case.find("skipped") is not None:
            tally.skipped += 1
            continue
        bad = case.find("failure") is not None or case.find("error") is not None
        tally.add(f"{case.get('classname')}: {case.get('name')}", not bad)
    return count


def pytest_suite(tally, folder, env, report, options=()):
    """Runs pytest over a folder; its own output is shown as it comes."""
    if not (ROOT / folder).is_dir():
        tally.add(f"{folder}: cannot be found", False)
        return
    report.unlink(missing_ok=True)
    done = subprocess.run([PYTHON, "-m", "pytest", folder, "-q", "-p", "no:cacheprovider",
                           f"--junitxml={report}", *options], cwd=ROOT, check=False,
                          env={**os.environ, **env, "PYTHONDONTWRITEBYTECODE": "1"})
    before = len(tally.failures)
    count = count_junit(tally, report)
    if done.returncode != 0 and len(tally.failures) == before:
        tally.add(f"{folder}: pytest ended with status {done.returncode}, {count} cases", False)
