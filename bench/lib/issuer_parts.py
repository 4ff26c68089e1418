# SPDX-License-Identifier: Apache-2.0
"""What is measured of the issuer."""
import shutil
import time
import urllib.parse
import urllib.request

from measure import openssl_speed, pss_kib, say
from scene import Scene, bulk_credentials, fill


def part_token(bench):
    """tokens a second against openssl speed, and what one costs"""
    ratios, costs, rates, p99s = [], [], [], []
    bench.warm_up()
    for number in range(bench.options.rounds):
        limit = bench.openssl("rsa2048")["signs_per_s"]
        result = bench.measured(f"tokens, round {number + 1}", bench.tokens)
        say(f"  {result['per_s']:.0f} tokens/s, openssl {limit:.0f}/s")
        ratios.append(result["per_s"] / limit)
        costs.append(result["worker_us"] - 1e6 / limit)
        rates.append(result["per_s"])
        p99s.append(result["p99"] / 1000)
    bench.number("tokens, 64 connections, audit on disk", "tokens_per_s", rates, "a second")
    bench.ratio("tokens against openssl speed rsa2048", "token_ratio", ratios, "0.90")
    bench.number("processor time of a token over its signature", "token_us", costs, "µs", "30")
    bench.number("p99 of a token at full load", "token_p99", p99s, "ms")
    half = bench.results["tokens_per_s"]["median"] / 2
    paced = [bench.measured("tokens at half load", lambda: bench.paced_tokens(
        "--rate", str(int(half)), "--seconds", str(bench.options.seconds)))["p99"] / 1000
        for _ in range(bench.options.rounds)]
    bench.number("p99 of a token at half load", "token_half_p99", paced, "ms", "5")


def part_clients(bench):
    """10 clients in the store against many"""
    many = bench.options.clients
    few_scene = Scene(bench.folder / "few", bench.options.build, clients=10)
    many_scene = Scene(bench.folder / "many", bench.options.build, clients=10)
    say(f"  filling a store with {many} clients")
    fill(many_scene.data / "registry.db", many)
    spread_file = many_scene.folder / "spread"
    many_scene.write_credentials(spread_file, bulk_credentials(many, bench.options.asking))
    same, wide = [], []
    try:
        few_scene.start()
        many_scene.start()
        for scene in (few_scene, many_scene):
            bench.warm_up(scene)
        for number in range(bench.options.rounds):
            few = bench.measured(f"10 clients, round {number + 1}",
                                 lambda: bench.tokens(few_scene), few_scene)["per_s"]
            same.append(bench.measured(f"{many} clients, 10 asking", lambda: bench.tokens(
                many_scene), many_scene)["per_s"] / few)
            wide.append(bench.measured(
                f"{many} clients, {bench.options.asking} asking", lambda: bench.tokens(
                    many_scene, spread_file), many_scene)["per_s"] / few)
        bench.ratio(f"{many} clients in the store, 10 asking, against 10", "clients_same", same,
                    "0.95")
        bench.ratio(f"  {bench.options.asking} of them asking in turn", "clients_wide", wide,
                    "0.95")
        bench.number("  worker's memory (Pss) then", "clients_pss",
                     [pss_kib(many_scene.nginx.worker) / 1024], "MiB", "64")
    finally:
        few_scene.stop()
        many_scene.stop()
        shutil.rmtree(many_scene.folder, ignore_errors=True)


def part_disk(bench):
    """write transactions and syncs a token"""
    if shutil.which("strace") is None:
        bench.row("write transactions and syncs a token", "not measured: there is no strace")
        return
    trace = bench.scene.folder / "trace"
    bench.scene.stop_gate()
    bench.scene.start(bench.scene.upstream.port, tracer=(
        "strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=flock,fsync,fdatasync", "-o",
        str(trace)))
    bench.warm_up()
    before = trace.read_text().count
    begun = before("LOCK_EX"), before("sync(")
    result = bench.tokens()
    after = trace.read_text().count
    ended = after("LOCK_EX"), after("sync(")
    bench.scene.stop_gate()
    bench.scene.start(bench.scene.upstream.port)
    names = ("write transactions a token", "syncs a token")
    for name, first, last in zip(names, begun, ended):
        share = (last - first) / result["requests"]
        bench.results[name.replace(" ", "_")] = share
        bench.row(name, f"{share:.3f}", "0.125")


def part_memory(bench):
    """the worker's memory against stock nginx, and the time to the first token"""
    bench.scene.stop_gate()
    begun = time.monotonic()
    bench.scene.start(bench.scene.upstream.port)
    client, secret = bench.scene.credentials[0]
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": client,
                                   "client_secret": secret}).encode()
    for _ in range(1000):
        try:
            urllib.request.urlopen(bench.scene.token_url, form, timeout=5).read()
            break
        except OSError:
            time.sleep(0.002)
    first_ms = (time.monotonic() - begun) * 1000
    bench.number("start to first token", "first_token", [first_ms], "ms", "200")
    stock = pss_kib(bench.scene.upstream.worker)
    idle = pss_kib(bench.scene.nginx.worker)
    bench.number("worker's memory (Pss) over stock nginx, idle", "memory_idle",
                 [(idle - stock) / 1024], "MiB", "16")
    bench.tokens()
    loaded = pss_kib(bench.scene.nginx.worker)
    bench.number("  after a load of tokens", "memory_loaded", [(loaded - stock) / 1024], "MiB")
