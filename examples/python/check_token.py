#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks access tokens with libcaregate by ctypes: one a line on standard input, one answer a line.

    ISSUER=https://id.example/vlive/hpca AUDIENCE=https://api.example/documents check_token.py

CA_FILE names whom to trust for the issuer's certificate. `Verifier` may be copied into a program,
and used by any number of its threads: ctypes lets go of Python's lock during each call.
"""
import ctypes
import json
import os
import sys
import time


class Span(ctypes.Structure):
    """struct cg_span: it borrows, so who makes one keeps the bytes."""

    _fields_ = [("data", ctypes.c_char_p), ("len", ctypes.c_size_t)]

    @classmethod
    def of(cls, text):
        data = None if text is None else text.encode()
        return cls(data, len(data or b""))

    def text(self):
        return self.data.decode("ascii") if self.data is not None else None


class Config(ctypes.Structure):
    """struct cg_token_verifier_config."""

    _fields_ = [(name, Span) for name in (
        "issuer", "audience", "api", "typ", "jwks", "jwks_url", "ca_file")] + [
            ("keys_max_age_s", ctypes.c_int64)]


class Call(ctypes.Structure):
    """struct cg_token_call."""

    _fields_ = [(name, Span) for name in ("authorization", "token", "certificate")] + [
        ("now_s", ctypes.c_int64)]


TEXTS = ("client_id", "organisation", "subject", "actor", "scope", "details", "id")


def library():
    loaded = ctypes.CDLL("libcaregate.so.0")
    pointer = ctypes.c_void_p
    for name in TEXTS:
        function = getattr(loaded, f"cg_token_claims_{name}")
        function.argtypes, function.restype = [pointer], Span
    loaded.cg_token_claims_expires_s.argtypes = [pointer]
    loaded.cg_token_claims_expires_s.restype = ctypes.c_int64
    loaded.cg_token_verifier_new.argtypes = [ctypes.POINTER(Config), ctypes.POINTER(pointer)]
    loaded.cg_token_verifier_check_blocking.argtypes = [
        pointer, ctypes.POINTER(Call), ctypes.POINTER(pointer)]
    loaded.cg_token_claims_free.argtypes = loaded.cg_token_verifier_free.argtypes = [pointer]
    loaded.cg_token_claims_free.restype = loaded.cg_token_verifier_free.restype = pointer
    for name in ("name", "text"):
        getattr(loaded, f"cg_reason_{name}").restype = ctypes.c_char_p
    return loaded


class Refused(Exception):
    """Why a token is not good: the reason's name, and a sentence."""

    def __init__(self, name, sentence):
        super().__init__(f"{name}: {sentence}")
        self.name = name


class Verifier:
    """What proves the tokens of an issuer for one API."""

    def __init__(self, issuer, audience, ca_file=None):
        self.library = library()
        self.handle = ctypes.c_void_p()
        config = Config(issuer=Span.of(issuer), audience=Span.of(audience),
                        ca_file=Span.of(ca_file))
        if self.library.cg_token_verifier_new(config, ctypes.byref(self.handle)) != 0:
            raise ValueError("issuer and audience must be given")

    def check(self, token):
        """What a good token says; raises Refused for one that is not."""
        claims = ctypes.c_void_p()
        call = Call(token=Span.of(token), now_s=int(time.time()))
        reason = self.library.cg_token_verifier_check_blocking(self.handle, call,
                                                               ctypes.byref(claims))
        if reason != 0:
            raise Refused(self.library.cg_reason_name(reason).decode(),
                          self.library.cg_reason_text(reason).decode())
        said = {name: getattr(self.library, f"cg_token_claims_{name}")(claims).text()
                for name in TEXTS}
        said["expires_s"] = self.library.cg_token_claims_expires_s(claims)
        self.library.cg_token_claims_free(claims)
        return said

    def close(self):
        self.handle = self.library.cg_token_verifier_free(self.handle)


def main():
    verifier = Verifier(os.environ["ISSUER"], os.environ["AUDIENCE"], os.environ.get("CA_FILE"))
    for line in sys.stdin:
        try:
            print(json.dumps(verifier.check(line.strip())))
        except Refused as refused:
            print(json.dumps({"refused": refused.name}))
    verifier.close()


if __name__ == "__main__":
    main()
