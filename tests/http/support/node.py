# SPDX-License-Identifier: Apache-2.0
"""Runs one of the Node scripts: JSON in, JSON out."""
import json
import os
import subprocess


def run_node(folder, script, question, ca=None):
    """(what it printed, None), or (None, its error)."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("LD_PRELOAD", "NODE_EXTRA_CA_CERTS")}
    if ca is not None:
        env["NODE_EXTRA_CA_CERTS"] = str(ca)
    done = subprocess.run(["node", str(folder / script)], input=json.dumps(question), env=env,
                          capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout), None
    line = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "{}"
    assert line.startswith("{"), done.stderr
    return None, json.loads(line)
