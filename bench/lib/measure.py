# SPDX-License-Identifier: Apache-2.0
"""How it is measured: loads, processor time, and whether somebody else was at work."""
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import time

from scene import LOAD_CORE, SERVER_CORE, children_of, pinned

HERE = pathlib.Path(__file__).resolve().parent.parent
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
FOREIGN_MAX = 0.04   # of one core's time, that others may have used during a run
CONNECTIONS = 64


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def cpu_s(pid):
    """Processor time of a process with all its threads (proc(5), fields 14 and 15)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def tree_cpu_s(pid):
    return cpu_s(pid) + sum(tree_cpu_s(child) for child in children_of(pid))


def machine_cpu_s():
    """Time of the machine in programs (user, nice, system), and stolen from it by the host."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
    user, nice, system, steal = (int(fields[i]) * TICK_S for i in (1, 2, 3, 8))
    return user + nice + system, steal


def kernel_cpu_s():
    """Time of the kernel's own threads, which write to disk what we sync."""
    total = 0.0
    for child in children_of(2):
        try:
            total += cpu_s(child)
        except FileNotFoundError:
            continue
    return total


def own_cpu_s(masters):
    mine = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime
    return used + kernel_cpu_s() + sum(tree_cpu_s(master) for master in masters)


def pss_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE).group(1))


class Quiet:
    """Runs a measurement until nobody else used the machine meanwhile; counts what it drops."""

    def __init__(self, attempts):
        self.attempts = attempts
        self.discarded = []
        self.noisy = []

    def run(self, name, masters, measure):
        for _ in range(self.attempts):
            used, stolen = machine_cpu_s()
            own = own_cpu_s(masters())
            begun = time.monotonic()
            result = measure()
            elapsed = time.monotonic() - begun
            used_after, stolen_after = machine_cpu_s()
            foreign = (used_after - used) - (own_cpu_s(masters()) - own)
            share = max(0.0, foreign, stolen_after - stolen) / elapsed
            if share <= FOREIGN_MAX:
                return result
            self.discarded.append({"what": name, "foreign_share": round(share, 3)})
            say(f"  {name}: others used {share:.0%} of a core")
        self.noisy.append(self.discarded.pop())
        return result


def openssl_speed(algorithm, seconds):
    """What OpenSSL signs and verifies a second, on the server's core, by keys of one kind."""
    done = subprocess.run(pinned(SERVER_CORE, "openssl", "speed", "-seconds", str(seconds),
                                 algorithm), capture_output=True, text=True, check=True)
    signs, verifies = done.stdout.strip().rsplit("\n", 1)[1].split()[-2:]
    return {"signs_per_s": float(signs), "verifies_per_s": float(verifies)}


def worker_time(nginx, load):
    """A load's result with what it cost the worker, which `load` must not restart."""
    before = cpu_s(nginx.worker)
    begun = time.monotonic()
    result = load()
    elapsed = time.monotonic() - begun
    used = cpu_s(nginx.worker) - before
    result["worker_us"] = used * 1e6 / max(1, result["requests"])
    result["worker_busy"] = used / elapsed
    return result


def finish(result):
    result["per_s"] = result["requests"] * 1e6 / result["us"]
    if result["refused"] or result["errors"]:
        say(f"  refused {result['refused']}, errors {result['errors']}")
    return result


def wrk(script, url, argument, seconds, connections=CONNECTIONS):
    done = subprocess.run(
        pinned(LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s",
               str(HERE / script), url, "--", str(argument)),
        capture_output=True, text=True, check=True)
    return finish(json.loads(done.stdout.strip().rsplit("\n", 1)[1]))


def caregate_bench(scene, rate_name, *words):
    """The program's own load, which can keep a pace, and use each token once."""
    done = subprocess.run(pinned(LOAD_CORE, scene.caregate, "--json", "bench", *words),
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"bench {' '.join(words)}: {done.stderr.strip()}")
    told = json.loads(done.stdout)
    return finish({
        "requests": told["answers"], "us": told["answers"] * 1e6 / max(1, told[rate_name]),
        "refused": told["refused"], "errors": told["errors"],
        "p50": told["p50_us"], "p99": told["p99_us"], "p999": told["p999_us"]})


def spread(values):
    values = list(values)
    return {"median": statistics.median(values), "least": min(values), "most": max(values),
            "values": values}
