# SPDX-License-Identifier: Apache-2.0
"""What gates on other machines cost the issuer that feeds them."""
import json
import shutil
import sqlite3
import subprocess
import sys
import time

from measure import HERE, cpu_s, say
from scene import LOAD_CORE, REALM, Scene, bulk_credentials, fill, free_port, pinned

GATES = 1000
SETTLE_S = 8
TIMES_SECONDS = 3  # a question waits up to 50 s: the window is longer than that of other loads

TLS_SERVER = """
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate "{data}/tls/server.pem";
        ssl_certificate_key "{data}/tls/server.key";
        location {realm}/ {{
            caregate_issuer {realm};
            client_max_body_size 0;
        }}
    }}
"""


class GatesScene(Scene):
    """A thousand clients that are gates, and a TLS server to ask."""

    def __init__(self, folder, build):
        self.tls_port = free_port()
        super().__init__(folder, build)
        fill(self.data / "registry.db", GATES)
        store = sqlite3.connect(self.data / "registry.db")
        with store:
            store.execute("update client set grants = 'gate' where id like 'bulk-%'")
            store.execute("update version set registry = registry + 1")
        store.close()
        self.gates_file = self.folder / "gates"
        self.write_credentials(self.gates_file, bulk_credentials(GATES, GATES))

    def more_servers(self):
        return TLS_SERVER.format(port=self.tls_port, data=self.data, realm=REALM)

    def touch(self):
        """A change, as any command makes one."""
        self.run("realm", "set", REALM, "--token-life", str(300 + int(time.time()) % 60))


class Pollers:
    """The gates, as one process on the load's core; tells of itself by lines of JSON."""

    def __init__(self, scene):
        self.process = subprocess.Popen(
            pinned(LOAD_CORE, sys.executable, str(HERE / "lib" / "pollers.py"), str(scene.tls_port),
                   str(scene.data / "tls" / "ca.pem"), REALM, str(scene.gates_file)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def share(scene, seconds):
    """What the worker uses of a core."""
    before, begun = cpu_s(scene.nginx.worker), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(scene.nginx.worker) - before) / (time.monotonic() - begun)


def measure_change(scene, pollers):
    """Milliseconds until the last gate has a change, and the worker's processor time for it."""
    before = cpu_s(scene.nginx.worker)
    scene.touch()
    told = pollers.ask("change")
    time.sleep(1)
    return told["last_ms"], (cpu_s(scene.nginx.worker) - before) * 1000


def part_gates(bench):
    """what 1,000 gates on other machines cost the issuer"""
    scene = GatesScene(bench.folder / "gates", bench.options.build)
    shares, extra, rates, lasts, costs = [], [], [], [], []
    seconds = bench.options.seconds * TIMES_SECONDS
    pollers = None
    try:
        scene.start()
        bench.warm_up(scene)
        idle = share(scene, bench.options.seconds)
        pollers = Pollers(scene)
        told = pollers.ask("ready")
        say(f"  {told['gates']} gates connected")
        time.sleep(SETTLE_S)
        for _ in range(bench.options.rounds):
            asked = pollers.ask("count")["polls"]
            used = bench.quiet.run("gates", lambda: [*scene.masters(), pollers.process.pid],
                                   lambda: share(scene, seconds))
            shares.append(100 * used)
            extra.append(100 * (used - idle))
            rates.append((pollers.ask("count")["polls"] - asked) / seconds)
            say(f"  {used:.2%} of a core, idle {idle:.2%}")
        # Last, since who was told of a change at once asks again at once.
        for _ in range(bench.options.rounds):
            last_ms, cost_ms = measure_change(scene, pollers)
            lasts.append(last_ms)
            costs.append(cost_ms)
            say(f"  a change: {last_ms:.0f} ms")
        errors = pollers.ask("count")["errors"]
        bench.number(f"{GATES} gates polling, of a core", "gates_share", shares, "%", "5")
        bench.number("  over what the worker uses without them", "gates_over_idle", extra, "%")
        bench.number("  questions", "gates_polls", rates, "a second")
        bench.number("a change, until the last gate has it", "gates_change", lasts, "ms", "2000")
        bench.number("  processor time of that", "gates_change_cost", costs, "ms")
        if errors:
            say(f"  errors: {errors}")
    finally:
        if pollers is not None:
            pollers.stop()
        scene.stop()
        shutil.rmtree(scene.folder, ignore_errors=True)
