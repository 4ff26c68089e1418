# SPDX-License-Identifier: Apache-2.0
"""One run of measurements: what its parts share, and what they tell."""
import contextlib
import pathlib
import shutil

from measure import Quiet, caregate_bench, openssl_speed, spread, worker_time, wrk

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = ROOT / "build" / "bench"
        self.quiet = Quiet(options.attempts)
        self.rows = []
        self.results = {}
        self.scene = None

    @contextlib.contextmanager
    def scene_of_its_own(self, kind, name):
        """For a part that changes what the others share."""
        before, self.scene = self.scene, kind(self.folder / name, self.options.build)
        try:
            self.scene.start_upstream()
            self.scene.start(self.scene.upstream.port)
            yield self.scene
        finally:
            self.scene.stop()
            shutil.rmtree(self.scene.folder, ignore_errors=True)
            self.scene = before

    def row(self, what, value, aim="", unit=""):
        self.rows.append((what, value, unit, aim))

    def ratio(self, what, key, values, aim=""):
        self.results[key] = spread(values)
        told = self.results[key]
        self.row(what, f"{told['median']:.3f}  ({told['least']:.3f} to {told['most']:.3f})", aim)

    def number(self, what, key, values, unit, aim=""):
        self.results[key] = spread(values)
        told = self.results[key]
        self.row(what, f"{told['median']:.1f}  ({told['least']:.1f} to {told['most']:.1f})", aim,
                 unit)

    def measured(self, name, load, scene=None):
        scene = scene or self.scene
        return self.quiet.run(name, scene.masters, lambda: worker_time(scene.nginx, load))

    def openssl(self, algorithm, scene=None):
        """The limit that signatures are: `openssl speed` on the server's core."""
        scene = scene or self.scene
        return self.quiet.run("openssl speed", scene.masters,
                              lambda: openssl_speed(algorithm, self.options.seconds))

    def tokens(self, scene=None, credentials=None):
        scene = scene or self.scene
        return wrk("token.lua", scene.token_url, credentials or scene.credentials_file,
                   self.options.seconds)

    def calls(self, path, token):
        return wrk("gate.lua", f"{self.scene.url}/{path}/", token, self.options.seconds)

    def warm_up(self, scene=None):
        scene = scene or self.scene
        wrk("token.lua", scene.token_url, scene.credentials_file, 1)

    def get_tokens(self, count):
        """So many fresh tokens in a file, one a line."""
        path = self.scene.folder / "tokens"
        self.paced_tokens("--keep", str(path), "--count", str(count), "--seconds", "15")
        return path

    def paced_tokens(self, *words):
        """Tokens by the program's own load: by a pace, by a number, or to be kept."""
        return caregate_bench(
            self.scene, "tokens_per_second", "token", "--load-only", "--url", self.scene.token_url,
            "--client", self.scene.credentials[0][0], "--secret-file",
            str(self.scene.secret_file), *words)
