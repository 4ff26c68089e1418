# SPDX-License-Identifier: Apache-2.0
"""An outage drill: the issuer of a gate elsewhere is away under load, and its keys change.

What passes and what is refused is what docs/OPERATOR.md, *Outages*, says of it.
"""
import time

from .gate_machine import GateMachine, add_gate
from .load import Load, gate_request
from .wait import wait_until

BACK_S = 20  # 15 s until it asks again, and what a busy machine takes


class SteadyLoad(Load):
    """Some tens of requests a second from each thread: the machine has others to serve, too."""

    def once(self, request):
        super().once(request)
        time.sleep(0.02)


def replace_key(house):
    """Another key signs from now on, and the one before is withdrawn."""
    first = next(key["kid"] for key in house.cli("key", "list") if key["state"] == "active")
    made = house.cli("key", "rotate", "--now")

    def signs():
        return {key["kid"]: key["state"] for key in house.cli("key", "list")}[made["kid"]] == \
            "active"
    wait_until(signs, 20, "the next key")
    house.cli("key", "retire", first)


class Drill:
    """Rows of (when, what, wanted, got); `house` is furnished and runs."""

    def __init__(self, house, outage_s):
        self.house, self.outage_s, self.rows = house, outage_s, []
        house.cli("realm", "set", house.realm, "--token-life", str(int(3600 + outage_s)))
        people = {name: house.onboard(name, "results", "results.read")
                  for name in ("Standing", "Before", "Meanwhile")}
        self.people = people
        self.tokens = {name: house.token(client) for name, client in people.items()}
        self.gate = add_gate(house, "Drill")
        self.machine = GateMachine(house, self.gate)

    def row(self, when, what, wanted, got):
        self.rows.append((when, what, wanted, got))

    def row_of(self, when, what, wanted, token):
        self.row(when, what, wanted, self.machine.status_of(token))

    def told(self, reason):
        listed = self.house.cli("audit", "list", "--kind", "access_refused")
        return sum(event.get("count", 1) for event in listed
                   if event["actor"] == self.gate.id and event["reason"] == reason)

    def before(self):
        self.machine.start()
        self.house.cli("client", "suspend", self.people["Before"].id)
        self.machine.wait_for(self.tokens["Before"], 401)
        self.row_of("before", "a client in good standing", 200, self.tokens["Standing"])

    def during(self):
        self.house.kill()
        ends = time.monotonic() + self.outage_s
        with SteadyLoad(self.machine, [gate_request(self.tokens["Standing"])], threads=2) as load:
            self.house.cli("client", "suspend", self.people["Meanwhile"].id)
            replace_key(self.house)
            for name, wanted in (("Standing", 200), ("Before", 401), ("Meanwhile", 200)):
                self.row_of("away", f"a token of {name}, by the key withdrawn meanwhile", wanted,
                            self.tokens[name])
            self.row_of("away", "no token", 401, None)
            self.row_of("away", "what is none", 401, "no-token")
            time.sleep(max(0, ends - time.monotonic()))
        self.row("away", "all requests under load", {200}, set(load.statuses))
        self.row("away", "requests without an answer", 0, load.unanswered)
        self.row_of("away, at its end", "a client in good standing", 200, self.tokens["Standing"])

    def after(self):
        self.house.start()
        self.machine.wait_for(self.tokens["Meanwhile"], 401, BACK_S)
        fresh = self.house.token(self.people["Standing"])
        self.row_of("back", "a token by the new key", 200, fresh)
        for name in ("Standing", "Before", "Meanwhile"):
            self.row_of("back", f"a token of {name} by the withdrawn key", 401, self.tokens[name])
        for reason in ("token_missing", "token_malformed"):
            wait_until(lambda: self.told(reason) > 0, BACK_S + 10, f"{reason} in the audit")
            self.row("back", f"{reason}, told to the audit", 1, self.told(reason))

    def run(self):
        try:
            self.before()
            self.during()
            self.after()
        finally:
            self.machine.close()
        return self.rows
