# SPDX-License-Identifier: Apache-2.0
"""Waiting for something with an end to it."""
import time

POLL_S = 0.02


def wait_until(condition, timeout_s=10.0, what="it"):
    """What the condition returned, once that is true; AssertionError after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come about in {timeout_s} s"
        time.sleep(POLL_S)
