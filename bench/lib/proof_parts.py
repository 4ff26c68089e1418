# SPDX-License-Identifier: Apache-2.0
"""What is measured of the gate with tokens that are bound to a key."""
import json
import math
import urllib.error
import urllib.parse
import urllib.request

import proofs
from measure import say, worker_time, wrk
from scene import Scene

PATHS = ("plain", "gated")


class ProofScene(Scene):
    """With room for all proofs of a load, which are made faster than clients make theirs."""

    def more_servers(self):
        return "caregate_zone 256m;"

    def get_bound_token(self, key):
        client, secret = self.credentials[0]
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
        request = urllib.request.Request(
            self.token_url, urllib.parse.urlencode(form).encode(),
            {"DPoP": proofs.proof(key, self.token_url)})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["access_token"]

    def get_nonce(self, key, url, token):
        """The gate gives it to who comes without one."""
        request = urllib.request.Request(url, headers={
            "Authorization": f"DPoP {token}", "DPoP": proofs.proof_of_call(key, url, token)})
        try:
            with urllib.request.urlopen(request, timeout=10):
                raise RuntimeError("the gate asked for no nonce")
        except urllib.error.HTTPError as refusal:
            return refusal.headers["DPoP-Nonce"]


def load(bench, key, token, count):
    """The same proofs at either location: the one without a gate looks at none of them."""
    scene = bench.scene
    url = f"{scene.url}/gated/"
    nonce = scene.get_nonce(key, url, token)
    path = scene.folder / "proofs"
    path.write_text(f"{token}\n" + "".join(
        proofs.proof_of_call(key, url, token, nonce) + "\n" for _ in range(count)))
    return {name: worker_time(scene.nginx, lambda name=name: wrk(
        "proof.lua", f"{scene.url}/{name}/", path, bench.options.seconds)) for name in PATHS}


def part_proofs(bench):
    """the gate on calls with a proof of possession each, against a verification each"""
    ratios, limits, shares, costs, rates = [], [], [], [], []
    with bench.scene_of_its_own(ProofScene, "proofs") as scene:
        key = proofs.EcKey()
        token = scene.get_bound_token(key)
        for number in range(bench.options.rounds):
            verified = bench.openssl("ecdsap256")["verifies_per_s"]
            count = math.ceil(1.1 * verified * bench.options.seconds) + 100
            both = bench.quiet.run(f"proofs, round {number + 1}", scene.masters,
                                   lambda count=count: load(bench, key, token, count))
            plain, gated = both["plain"], both["gated"]
            added = gated["worker_us"] - plain["worker_us"]
            say(f"  {gated['per_s']:.0f}/s gated of {verified:.0f} verifications, "
                f"{plain['per_s']:.0f}/s plain; worker {gated['worker_busy']:.0%} busy")
            ratios.append(gated["per_s"] / verified)
            limits.append((1e6 / verified + plain["worker_us"]) / gated["worker_us"])
            shares.append(1e6 / verified / added)
            costs.append(added - 1e6 / verified)
            rates.append(gated["per_s"])
    bench.number("calls with a proof each, ES256", "gate_dpop_per_s", rates, "a second")
    bench.ratio("  against verification", "gate_dpop_ratio", ratios, "0.80")
    bench.ratio("  against verification and proxy_pass", "gate_dpop_limit_ratio", limits, "0.80")
    bench.ratio("  verification, of what the gate adds to a call", "gate_dpop_share", shares,
                "0.80")
    bench.number("  processor time over that and proxy_pass", "gate_dpop_us", costs, "µs")
