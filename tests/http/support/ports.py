# SPDX-License-Identifier: Apache-2.0
"""Free loopback ports."""
import contextlib
import random
import socket

# Below the range that the kernel hands out by itself, so that no client socket takes one between.
FIRST, LAST = 16000, 32000


def is_free(port):
    with contextlib.closing(socket.socket()) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_pair():
    """The first of two ports that follow each other and are both free."""
    for _ in range(500):
        port = random.randrange(FIRST, LAST)
        if is_free(port) and is_free(port + 1):
            return port
    raise AssertionError("found no two free ports")
