# SPDX-License-Identifier: Apache-2.0
"""The processes that a test starts, and those that they start."""
import contextlib
import os
import pathlib
import signal
import subprocess

from .wait import wait_until

END_WAIT_S = 30


def children(pid):
    """The living children of a process. Read from /proc: nothing to install, nothing to parse."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return sorted(found)


def title(pid):
    with contextlib.suppress(OSError):
        data = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        return data.replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def is_alive(pid):
    with contextlib.suppress(OSError):
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        return stat.rpartition(")")[2].split()[0] != "Z"
    return False


def send(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def end(process):
    """Ends a process that was started here, politely first; returns its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(END_WAIT_S)
    return process.returncode


def end_all(pids):
    for pid in pids:
        send(pid, signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in pids), END_WAIT_S, "the end of processes")
