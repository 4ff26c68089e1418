# SPDX-License-Identifier: Apache-2.0
"""What is measured of the gate."""
import base64
import statistics
import threading
import time

import scene
from measure import CONNECTIONS, caregate_bench, say, worker_time, wrk

GATE_RATE = 3300
DENIED = 10000
POLL_S = 2
KEY_WAIT_S = 30
FEW_CONNECTIONS = 16


def gate_round(bench, token, connections, places):
    """Bursts of a second at either location, in turn, so that a drift of the machine meets both."""
    bursts = {"plain": [], "gated": []}
    for number in range(bench.options.seconds):
        for path in ("plain", "gated") if number % 2 else ("gated", "plain"):
            script = "gate.lua" if token else "agent.lua"
            bursts[path].append(worker_time(bench.scene.nginx, lambda path=path: wrk(
                script, places[path], token, 1, connections)))
    return {path: {name: statistics.median(burst[name] for burst in bursts[path])
                   for name in ("per_s", "worker_us", "worker_busy")} for path in bursts}


def gate_rounds(bench, token, connections, count=None, places=None):
    """places: the URLs of the same thing without the gate and behind it. No token: calls have none.
    """
    places = places or {path: f"{bench.scene.url}/{path}/" for path in ("plain", "gated")}
    rounds = []
    for number in range(count or bench.options.rounds):
        both = bench.quiet.run(f"gate, {connections} connections, round {number + 1}",
                               bench.scene.masters,
                               lambda: gate_round(bench, token, connections, places))
        plain, gated = both["plain"], both["gated"]
        say(f"  {gated['per_s']:.0f}/s gated, {plain['per_s']:.0f}/s plain; "
            f"worker {gated['worker_busy']:.0%} and {plain['worker_busy']:.0%} busy")
        rounds.append((plain, gated))
    return rounds


def part_gate(bench):
    """the gate on a token seen before against plain proxy_pass in the same nginx"""
    token = bench.get_tokens(1)
    bench.calls("gated", token)
    rounds = gate_rounds(bench, token, CONNECTIONS)
    few = gate_rounds(bench, token, FEW_CONNECTIONS)
    bench.ratio("gate, token seen before, against proxy_pass", "gate_ratio",
                [gated["per_s"] / plain["per_s"] for plain, gated in rounds], "0.97")
    bench.ratio("  the same, by the worker's processor time", "gate_cpu_ratio",
                [plain["worker_us"] / gated["worker_us"] for plain, gated in rounds], "0.97")
    bench.ratio(f"  the same, {FEW_CONNECTIONS} connections", "gate_ratio_few",
                [gated["per_s"] / plain["per_s"] for plain, gated in few], "0.97")
    bench.number("processor time that the gate adds to a call", "gate_us",
                 [gated["worker_us"] - plain["worker_us"] for plain, gated in rounds], "µs")
    tell_busy(bench, rounds)


def tell_busy(bench, rounds):
    busy = min(min(one["worker_busy"] for one in both) for both in rounds)
    if busy < 0.9:
        # Then the load was measured, and the ratio by processor time is the one that counts.
        bench.row("  (the worker was not the limit: busy)", f"{busy:.0%}")


def new_round(bench):
    """Each token once at each location; a round that is made again gets tokens of its own."""
    tokens = str(bench.get_tokens(bench.options.tokens))
    both = {}
    for path in ("plain", "gated"):
        words = ("gate", "--url", f"{bench.scene.url}/{path}/", "--token-file", tokens,
                 "--count", str(bench.options.tokens), "--seconds", "15")
        both[path] = worker_time(bench.scene.nginx, lambda words=words: caregate_bench(
            bench.scene, "requests_per_second", *words))
    return both


def new_rounds(bench):
    ratios, costs = [], []
    for number in range(bench.options.rounds):
        both = bench.quiet.run(f"new tokens, round {number + 1}", bench.scene.masters,
                               lambda: new_round(bench))
        say(f"  round {number + 1}: {both['gated']['per_s']:.0f}/s gated, "
            f"{both['plain']['per_s']:.0f}/s plain")
        ratios.append(both["gated"]["per_s"] / both["plain"]["per_s"])
        costs.append(both["gated"]["worker_us"] - both["plain"]["worker_us"])
    return ratios, costs


def part_new(bench):
    """the gate when every token is new"""
    ratios, costs = new_rounds(bench)
    bench.ratio("gate, every token new, against proxy_pass", "gate_new_ratio", ratios, "0.50")
    bench.number("processor time that a new token adds to a call", "gate_new_us", costs, "µs", "25")


class Es256Scene(scene.Scene):
    """Tokens of another algorithm."""

    def on_board(self, clients):
        super().on_board(clients)
        self.run("realm", "set", scene.REALM, "--alg", "ES256")
        self.run("key", "rotate", "--now")


def wait_for_es256(bench):
    """A token of the new key, which is announced for a while before it signs."""
    for _ in range(KEY_WAIT_S):
        token = bench.get_tokens(1)
        header = token.read_text().split(".", 1)[0]
        if b'"ES256"' in base64.urlsafe_b64decode(header + "=="):
            return token
        time.sleep(1)
    raise RuntimeError("the key of ES256 does not sign")


def part_es256(bench):
    """the gate on tokens signed with ES256, seen before and new"""
    with bench.scene_of_its_own(Es256Scene, "es256"):
        token = wait_for_es256(bench)
        bench.calls("gated", token)
        seen = gate_rounds(bench, token, CONNECTIONS)
        ratios, costs = new_rounds(bench)
    bench.ratio("gate, ES256 token seen before, against proxy_pass", "gate_es256_ratio",
                [gated["per_s"] / plain["per_s"] for plain, gated in seen], "0.97")
    bench.ratio("  the same, by the worker's processor time", "gate_es256_cpu_ratio",
                [plain["worker_us"] / gated["worker_us"] for plain, gated in seen], "0.97")
    tell_busy(bench, seen)
    bench.ratio("gate, every ES256 token new, against proxy_pass", "gate_es256_new_ratio", ratios)
    bench.number("processor time that a new ES256 token adds to a call", "gate_es256_new_us",
                 costs, "µs")


def deny(bench, count):
    """The gate hears of it by its next poll."""
    scene.deny(bench.scene.data / "registry.db", count)
    time.sleep(POLL_S)


def part_denied(bench):
    """the gate with many entries in the denylist against none"""
    ratios, costs = [], []
    with bench.scene_of_its_own(scene.Scene, "denied"):
        token = bench.get_tokens(1)
        bench.scene.run("token", "revoke", "--jti", "first")
        for _ in range(bench.options.rounds):
            deny(bench, 0)
            (none_plain, none), = gate_rounds(bench, token, CONNECTIONS, 1)
            deny(bench, DENIED)
            (many_plain, many), = gate_rounds(bench, token, CONNECTIONS, 1)
            ratios.append((many["per_s"] / many_plain["per_s"])
                          / (none["per_s"] / none_plain["per_s"]))
            costs.append((many["worker_us"] - many_plain["worker_us"])
                         - (none["worker_us"] - none_plain["worker_us"]))
    bench.ratio(f"gate, {DENIED} entries in the denylist, against none", "gate_denied_ratio",
                ratios, "1.00")
    bench.number("processor time that they add to a call", "gate_denied_us", costs, "µs")


def mixed_round(bench, token):
    """The gate at its pace, with the issuer saturated beside it from before until after."""
    seconds = str(bench.options.seconds)
    issued = []
    load = threading.Thread(target=lambda: issued.append(wrk(
        "token.lua", bench.scene.token_url, bench.scene.credentials_file,
        bench.options.seconds + 2)))
    load.start()
    time.sleep(1)
    gate = caregate_bench(bench.scene, "requests_per_second", "gate", "--url",
                          f"{bench.scene.url}/gated/", "--token-file", str(token), "--rate",
                          str(GATE_RATE), "--seconds", seconds)
    load.join()
    return gate | {"tokens_per_s": issued[0]["per_s"]}


def part_mixed(bench):
    """the gate's tail while the issuer is saturated on the same core"""
    token = bench.get_tokens(1)
    alone = bench.measured("tokens alone", bench.tokens)["per_s"]
    p99s, p999s, rates, shares = [], [], [], []
    for number in range(bench.options.rounds):
        result = bench.measured(f"mixed, round {number + 1}", lambda: mixed_round(bench, token))
        p99s.append(result["p99"] / 1000)
        p999s.append(result["p999"] / 1000)
        rates.append(result["per_s"])
        shares.append(result["tokens_per_s"] / alone)
    bench.number(f"gate paced at {GATE_RATE}/s, issuer saturated: calls", "mixed_rate", rates,
                 "a second", str(GATE_RATE))
    bench.number("  p99", "mixed_p99", p99s, "ms", "2.5")
    bench.number("  p99.9", "mixed_p999", p999s, "ms")
    bench.ratio("  tokens, against tokens alone", "mixed_tokens", shares, "0.70")
