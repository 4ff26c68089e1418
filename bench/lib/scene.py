# SPDX-License-Identifier: Apache-2.0
"""What is measured: a data folder, nginx with the module on one core, an API on the other."""
import hashlib
import base64
import json
import os
import pathlib
import pwd
import shutil
import socket
import sqlite3
import subprocess
import time

REALM = "/vlive/hpca"
SERVER_CORE = 0
LOAD_CORE = 1
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


def pinned(core, *words):
    return ["taskset", "-c", str(core), *words]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    """Until somebody listens there; ends with the process's failure."""
    for _ in range(2000):
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.005)
    raise RuntimeError(f"nobody listens on port {port}")


def children_of(pid):
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()]


class Nginx:
    """One nginx, in the foreground of a process of ours."""

    def __init__(self, folder, config, port, core, tracer=()):
        self.port = port
        self.process = subprocess.Popen(
            pinned(core, *tracer, NGINX, "-p", str(folder), "-c", str(config), "-e", "stderr",
                   "-g", "daemon off;"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.traced = bool(tracer)
        wait_for(port, self.process)

    @property
    def master(self):
        return children_of(self.process.pid)[0] if self.traced else self.process.pid

    @property
    def worker(self):
        return children_of(self.master)[0]

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.master, 15)
        self.process.wait(timeout=30)


UPSTREAM = """
{user}
worker_processes 1;
error_log stderr error;
pid {folder}/upstream.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 "let in\\n"; }}
    }}
}}
"""

GATE = """
load_module {module};
{user}
worker_processes 1;
thread_pool caregate threads=2;
error_log stderr error;
pid run/bench.pid;
events {{ worker_connections 4096; }}
http {{
    caregate_store "sqlite:{data}/registry.db";
    caregate_master_key "{data}/master.key";
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path run/client-body;
    proxy_temp_path run/proxy;
    fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi;
    scgi_temp_path run/scgi;
    upstream api {{
        server 127.0.0.1:{upstream};
        keepalive 128;
        keepalive_requests 100000000;
    }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    server {{
        listen 127.0.0.1:{port};
        location {realm}/ {{
            caregate_issuer {realm};
            client_max_body_size 0;
        }}
        location /gated/ {{
            caregate_api documents.write;
            proxy_pass http://api;
        }}
        location /plain/ {{ proxy_pass http://api; }}
    }}
    {more}
}}
"""


class Scene:
    """A data folder with a realm, an API and a client with an agreement and a secret."""

    def __init__(self, folder, build, clients=1):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.caregate = str(build / "cli" / "caregate")
        self.module = build / "nginx" / "ngx_http_caregate_module.so"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token_url = f"{self.url}{REALM}/oauth/token"
        self.running = []
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        self.on_board(clients)

    def run(self, *words, text=None):
        done = subprocess.run([self.caregate, "--dir", str(self.data), "--json", *words],
                              input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"caregate {' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout else None

    def add_client(self, name):
        client = self.run("client", "add", "--org", "RX809", "--name", name)["client_id"]
        agreement = self.run("agreement", "request", "--client", client, "--api",
                             "documents.write", "--scope", "documents.write", "--purpose",
                             "direct_care")["agreement_id"]
        self.run("agreement", "approve", agreement, "--by", "bench")
        return client, self.run("secret", "issue", "--client", client)["secret"]

    def on_board(self, clients):
        self.run("init", "--realm", REALM, "--listen", f"127.0.0.1:{self.port}", "--url", self.url)
        self.run("api", "add", "documents.write", "--audience", "https://care.example/documents",
                 "--scope", "documents.write")
        self.run("org", "add", "RX809", "--name", "Bench")
        self.credentials = [self.add_client(f"Ward {number}") for number in range(clients)]
        self.credentials_file = self.folder / "credentials"
        self.write_credentials(self.credentials_file, self.credentials)
        self.secret_file = self.folder / "secret"
        self.secret_file.write_text(self.credentials[0][1] + "\n")
        self.secret_file.chmod(0o600)

    @staticmethod
    def write_credentials(path, credentials):
        path.write_text("".join(f"{client} {secret}\n" for client, secret in credentials))

    def user_line(self):
        """The workers are who owns the folder; nginx's master stays who runs this."""
        owner = pwd.getpwuid(self.data.stat().st_uid).pw_name
        return f"user {owner};" if os.geteuid() == 0 else ""

    def start_upstream(self):
        port = free_port()
        config = self.folder / "upstream.conf"
        config.write_text(UPSTREAM.format(folder=self.folder, port=port, user=self.user_line()))
        self.upstream = Nginx(self.folder, config, port, LOAD_CORE)
        self.running.append(self.upstream)

    def write_config(self, upstream_port):
        config = self.data / "bench.conf"
        config.write_text(GATE.format(
            module=self.module, user=self.user_line(), data=self.data, realm=REALM,
            upstream=upstream_port, port=self.port, more=self.more_servers()))
        return config

    def more_servers(self):
        return ""

    def start(self, upstream_port=9, tracer=()):
        self.nginx = Nginx(self.data, self.write_config(upstream_port), self.port, SERVER_CORE,
                           tracer)
        self.running.append(self.nginx)

    def stop_gate(self):
        self.running.remove(self.nginx)
        self.nginx.stop()

    def stop(self):
        for nginx in reversed(self.running):
            nginx.stop()
        self.running = []

    def masters(self):
        return [nginx.master for nginx in self.running]


def make_secret(number):
    """A secret of the house's form (registry/credential.h) that can be made again by its number."""
    def text(data):
        return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    body = "cgs_" + text(b"bench %d" % number)
    return body + text(body.encode())[:6]


def rows(template, count, change):
    for number in range(count):
        row = dict(template)
        row.update(change(number))
        yield tuple(row.values())


def insert_many(store, table, template, count, change):
    names = ", ".join(template.keys())
    places = ", ".join("?" * len(template.keys()))
    store.executemany(f"insert into {table} ({names}) values ({places})",
                      rows(template, count, change))


def fill(registry, count):
    """Adds clients like the first one there is, each with a secret and an agreement in force."""
    store = sqlite3.connect(registry)
    store.row_factory = sqlite3.Row
    first = {table: store.execute(f"select * from {table} limit 1").fetchone()
             for table in ("client", "credential", "agreement", "agreement_decision")}
    with store:
        insert_many(store, "client", first["client"], count,
                    lambda n: {"id": f"bulk-{n:08d}", "name": f"Bulk {n}"})
        insert_many(store, "credential", first["credential"], count, lambda n: {
            "id": f"sec_b{n:011d}", "client": f"bulk-{n:08d}", "last_used_at_s": None,
            "digest": hashlib.sha256(make_secret(n).encode()).digest()})
        insert_many(store, "agreement", first["agreement"], count,
                    lambda n: {"id": f"agr_b{n:011d}", "client": f"bulk-{n:08d}"})
        insert_many(store, "agreement_decision", first["agreement_decision"], count,
                    lambda n: {"agreement": f"agr_b{n:011d}"})
        store.execute("update version set registry = registry + 1")
    store.execute("pragma wal_checkpoint(truncate)")
    store.close()


def deny(registry, count):
    """So many entries of the denylist beside the first one that there is, for an hour."""
    store = sqlite3.connect(registry)
    store.row_factory = sqlite3.Row
    first = store.execute("select * from denial limit 1").fetchone()
    with store:
        store.execute("delete from denial where subject like 'bulk-%'")
        insert_many(store, "denial", first, count, lambda n: {
            "subject": f"bulk-{n:08d}", "expires_at_s": int(time.time()) + 3600})
        store.execute("update version set denylist = denylist + 1")
    store.close()


def bulk_credentials(count, asking):
    """So many of them, spread over all."""
    step = max(1, count // asking)
    return [(f"bulk-{n:08d}", make_secret(n)) for n in range(0, count, step)][:asking]
