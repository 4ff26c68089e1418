# SPDX-License-Identifier: Apache-2.0
"""What is measured of the gate."""
import statistics
import threading
import time

from measure import CONNECTIONS, caregate_bench, say, worker_time, wrk

GATE_RATE = 3300
FEW_CONNECTIONS = 16


def gate_round(bench, token, connections):
    """Bursts of a second at either location, in turn, so that a drift of the machine meets both."""
    bursts = {"plain": [], "gated": []}
    for number in range(bench.options.seconds):
        for path in ("plain", "gated") if number % 2 else ("gated", "plain"):
            bursts[path].append(worker_time(bench.scene.nginx, lambda path=path: wrk(
                "gate.lua", f"{bench.scene.url}/{path}/", token, 1, connections)))
    return {path: {name: statistics.median(burst[name] for burst in bursts[path])
                   for name in ("per_s", "worker_us", "worker_busy")} for path in bursts}


def gate_rounds(bench, token, connections):
    rounds = []
    for number in range(bench.options.rounds):
        both = bench.quiet.run(f"gate, {connections} connections, round {number + 1}",
                               bench.scene.masters,
                               lambda: gate_round(bench, token, connections))
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


def part_new(bench):
    """the gate when every token is new"""
    ratios, costs = [], []
    for number in range(bench.options.rounds):
        both = bench.quiet.run(f"new tokens, round {number + 1}", bench.scene.masters,
                               lambda: new_round(bench))
        say(f"  round {number + 1}: {both['gated']['per_s']:.0f}/s gated, "
            f"{both['plain']['per_s']:.0f}/s plain")
        ratios.append(both["gated"]["per_s"] / both["plain"]["per_s"])
        costs.append(both["gated"]["worker_us"] - both["plain"]["worker_us"])
    bench.ratio("gate, every token new, against proxy_pass", "gate_new_ratio", ratios, "0.50")
    bench.number("processor time that a new token adds to a call", "gate_new_us", costs, "µs", "25")


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
