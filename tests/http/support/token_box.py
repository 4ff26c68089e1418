# SPDX-License-Identifier: Apache-2.0
"""A PKCS #11 token of SoftHSM in a folder of its own, with keys that OpenSSL made."""
import itertools
import os
import pathlib
import shutil
import subprocess

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "plantedPin4711"
WAIT_S = 60
MAKE = {"RSA": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "EC": ["EC", "-pkeyopt",
        "ec_paramgen_curve:P-256"], "P-384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        "OKP": ["ED25519"]}


class TokenBox:
    """`folder` is the owner's, who runs nginx; `as_owner` makes a program run as them."""

    def __init__(self, house):
        self.house = house
        self.folder = pathlib.Path(house.home) / "token box"
        self.tokens = self.folder / "tokens"
        self.conf = self.folder / "softhsm2.conf"
        self.pin_file = self.folder / "pin"
        self.tokens.mkdir(parents=True)
        self.conf.write_text(f"directories.tokendir = {self.tokens}\n"
                             "objectstore.backend = file\nlog.level = ERROR\n", encoding="utf-8")
        self.write_pin(PIN)
        for path in (self.folder, self.tokens, self.conf, self.pin_file):
            os.chown(path, house.owner(), -1)
        self.numbers = itertools.count(1)
        self.before = os.environ.get("SOFTHSM2_CONF")
        os.environ["SOFTHSM2_CONF"] = str(self.conf)
        self.util("--init-token", "--free", "--label", "box", "--so-pin", "87654321", "--pin", PIN)

    def close(self):
        if self.before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = self.before

    def util(self, *args):
        subprocess.run(["softhsm2-util", *args], check=True, capture_output=True, timeout=WAIT_S,
                       env={**os.environ, "SOFTHSM2_CONF": str(self.conf)},
                       **self.house.as_owner())

    def write_pin(self, pin):
        self.pin_file.write_text(pin + "\n", encoding="utf-8")
        self.pin_file.chmod(0o600)

    def add_key(self, label, kind):
        """A key pair of a kind of MAKE; the URI by which it is found."""
        pem = self.folder / f"{label}.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", *MAKE[kind], "-out", str(pem)],
                       check=True, capture_output=True, timeout=WAIT_S)
        os.chown(pem, self.house.owner(), -1)
        self.util("--import", str(pem), "--token", "box", "--label", label, "--id",
                  f"{next(self.numbers):02x}", "--pin", PIN)
        return f"pkcs11:token=box;object={label.replace(' ', '%20')}"

    def delete_keys(self):
        """Takes their files away: SoftHSM keeps each object in one."""
        for path in self.tokens.rglob("*.object"):
            if path.name != "token.object":
                path.unlink()

    def objects(self):
        """What is in the token: texts of SoftHSM's, whose tool ends with 1 at an empty set."""
        return {path: subprocess.run(["softhsm2-dump-file", str(path)], check=False,
                                     capture_output=True, text=True, timeout=WAIT_S).stdout
                for path in self.tokens.rglob("*.object") if path.name != "token.object"}

    def take_out(self):
        """An empty slot is left behind."""
        shutil.move(self.tokens, self.folder / "taken out")
        self.tokens.mkdir()
        os.chown(self.tokens, self.house.owner(), -1)

    def put_in(self):
        shutil.rmtree(self.tokens)
        shutil.move(self.folder / "taken out", self.tokens)

    def configure(self):
        """Names module and PIN in nginx.conf, and lets SoftHSM find its folder in the workers."""
        conf = self.house.dir / "nginx.conf"
        text = conf.read_text(encoding="utf-8")
        conf.write_text("env SOFTHSM2_CONF;\n" + text, encoding="utf-8")
        self.house.add_to_http(f"    caregate_pkcs11_module {MODULE};\n"
                               f"    caregate_pkcs11_pin \"{self.pin_file}\";")
