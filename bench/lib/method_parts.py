# SPDX-License-Identifier: Apache-2.0
"""What is measured of the ways in which a client may prove itself."""
import json
import math
import shutil

import proofs
from measure import say, worker_time, wrk
from scene import LOAD_CORE, REALM, Nginx, Scene, free_port

SUBJECT = "/CN=ward"
FORM = "grant_type=client_credentials"

TLS_SERVER = """
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {server[0]};
        ssl_certificate_key {server[1]};
        ssl_client_certificate {client[0]};
        ssl_verify_client optional;
        location {realm}/ {{ caregate_issuer {realm}; }}
    }}
"""

# Who loads has no client certificate to show: a stock nginx beside it shows one.
TLS_CLIENT = """
{user}
worker_processes 1;
error_log stderr error;
pid {folder}/tls-client.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    upstream issuer {{
        server 127.0.0.1:{upstream};
        keepalive 128;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass https://issuer;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_ssl_certificate {client[0]};
            proxy_ssl_certificate_key {client[1]};
        }}
    }}
}}
"""


class MethodScene(Scene):
    """A client for each way, and a listener that asks for certificates."""

    def __init__(self, folder, build):
        super().__init__(folder, build)
        self.tls_port = free_port()
        self.server_files = proofs.certificate(self.folder, "server", "/CN=localhost")
        self.client_files = proofs.certificate(self.folder, "client", SUBJECT)
        self.rsa_key, self.ec_key = proofs.RsaKey(), proofs.EcKey()
        self.of_rsa = self.add_key_client("RSA", self.rsa_key)
        self.of_ec = self.add_key_client("EC", self.ec_key)
        self.of_certificate = self.add_client("Certificate")[0]
        self.run("client", "key", "add", "--client", self.of_certificate, "--tls-subject",
                 "CN=ward")
        self.run("client", "set", self.of_certificate, "--auth", "tls_client_auth", "--bind",
                 "mtls")

    def add_key_client(self, name, key):
        client = self.add_client(f"Key {name}")[0]
        path = self.folder / f"{name}.jwks"
        path.write_text(json.dumps({"keys": [key.jwk | {"kid": "bench", "alg": key.alg}]}))
        self.run("client", "key", "add", "--client", client, "--jwks", str(path))
        self.run("client", "set", client, "--auth", "private_key_jwt")
        return client

    def more_servers(self):
        return TLS_SERVER.format(port=self.tls_port, server=self.server_files,
                                 client=self.client_files, realm=REALM)

    def start_tls_client(self):
        port = free_port()
        config = self.folder / "tls-client.conf"
        config.write_text(TLS_CLIENT.format(
            folder=self.folder, port=port, user=self.user_line(), upstream=self.tls_port,
            client=self.client_files))
        self.running.append(Nginx(self.folder, config, port, LOAD_CORE))
        self.tls_url = f"http://127.0.0.1:{port}{REALM}/oauth/token"

    # A request of each way, as a line for once.lua.

    def by_secret(self):
        client, secret = self.credentials[0]
        return f"{FORM}&client_id={client}&client_secret={secret}"

    def by_rsa(self):
        return self.by_assertion(self.rsa_key, self.of_rsa)

    def by_ec(self):
        return self.by_assertion(self.ec_key, self.of_ec)

    def by_assertion(self, key, client):
        return (f"{FORM}&client_assertion_type={proofs.ASSERTION_TYPE}"
                f"&client_assertion={proofs.assertion(key, client, self.token_url)}")

    def by_certificate(self):
        return f"{FORM}&client_id={self.of_certificate}"

    def by_proof(self):
        return f"{self.by_secret()} {proofs.proof(self.ec_key, self.token_url)}"


# Name, key of the results, a request of it, what is verified for one beside the signature made.
METHODS = [
    ("client secret", "secret", MethodScene.by_secret, None),
    ("private_key_jwt, RS512", "rs512", MethodScene.by_rsa, "rsa2048"),
    ("private_key_jwt, ES256", "es256", MethodScene.by_ec, "ecdsap256"),
    ("mutual TLS, connections kept", "mtls", MethodScene.by_certificate, None),
    ("client secret and DPoP, ES256", "dpop", MethodScene.by_proof, "ecdsap256"),
]


def load(bench, scene, method, limit_per_s):
    """As many requests as nobody can answer in the time: each is good for once."""
    _, key, request, _ = method
    path = scene.folder / "requests"
    count = math.ceil(1.1 * limit_per_s * bench.options.seconds) + 100
    path.write_text("".join(request(scene) + "\n" for _ in range(count)))
    url = scene.tls_url if key == "mtls" else scene.token_url
    return worker_time(scene.nginx, lambda: wrk("once.lua", url, path, bench.options.seconds))


def measure(bench, scene, method, speeds, told):
    name, key, _, verified = method
    limit_us = 1e6 / speeds["rsa2048"]["signs_per_s"]
    if verified is not None:
        limit_us += 1e6 / speeds[verified]["verifies_per_s"]
    result = bench.quiet.run(name, scene.masters,
                             lambda: load(bench, scene, method, 1e6 / limit_us))
    say(f"  {name}: {result['per_s']:.0f}/s of {1e6 / limit_us:.0f}, "
        f"worker {result['worker_busy']:.0%} busy")
    told[key]["ratios"].append(result["per_s"] * limit_us / 1e6)
    told[key]["costs"].append(result["worker_us"] - limit_us)
    told[key]["rates"].append(result["per_s"])


def part_methods(bench):
    """tokens a second for each way in which a client proves itself"""
    scene = MethodScene(bench.folder / "methods", bench.options.build)
    told = {key: {"ratios": [], "costs": [], "rates": []} for _, key, _, _ in METHODS}
    try:
        scene.start()
        scene.start_tls_client()
        bench.warm_up(scene)
        for _ in range(bench.options.rounds):
            speeds = {algorithm: bench.openssl(algorithm, scene)
                      for algorithm in ("rsa2048", "ecdsap256")}
            for method in METHODS:
                measure(bench, scene, method, speeds, told)
        for name, key, _, verified in METHODS:
            against = "signature" if verified is None else "signature and verification"
            bench.number(f"tokens by {name}", f"{key}_per_s", told[key]["rates"], "a second")
            bench.ratio(f"  against {against}", f"{key}_ratio", told[key]["ratios"], "0.80")
            bench.number("  processor time over that", f"{key}_us", told[key]["costs"], "µs")
    finally:
        scene.stop()
        shutil.rmtree(scene.folder, ignore_errors=True)
