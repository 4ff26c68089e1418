#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calls each URL that it reads from standard input with a token that libcaregate keeps, by ctypes.

    TOKEN_URL=https://id.example/vlive/hpca/oauth/token CLIENT_ID=… SECRET_FILE=… call_api.py

SECRET_FILE may also be credential:NAME (systemd) or keyring:NAME; the secret goes from there into
the library's memory. CA_FILE names whom to trust. `Client` may be copied into a program, and used
by any number of its threads: they share one token.
"""
import ctypes
import os
import sys

import requests

SECRET_POST = 1
SECRET_BYTES = 1024
TEXT = ("secret", "key", "kid", "alg", "audience", "certificate", "certificate_key", "proof_key")


class Span(ctypes.Structure):
    """struct cg_span: it borrows, so who makes one keeps the bytes."""

    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class Config(ctypes.Structure):
    """struct cg_client_config."""

    _fields_ = [
        ("token_url", Span), ("client_id", Span), ("method", ctypes.c_int),
        *((name, Span) for name in TEXT),
        ("makes_proof_key", ctypes.c_bool), ("ca_file", Span), ("grant", Span), ("scope", Span),
        ("resources", ctypes.c_void_p), ("resource_count", ctypes.c_size_t),
        ("parameters", ctypes.c_void_p), ("parameter_count", ctypes.c_size_t),
        ("timeout_ms", ctypes.c_long), ("default_life_s", ctypes.c_int64),
        ("stops", ctypes.c_void_p), ("now_s", ctypes.c_void_p),
        ("pkcs11_module", Span), ("pkcs11_pin", Span)]


class Answer(ctypes.Structure):
    """struct cg_client_answer."""

    _fields_ = [
        ("outcome", ctypes.c_int), ("type", ctypes.c_int), ("expires_s", ctypes.c_int64),
        ("life_s", ctypes.c_int64), ("http_status", ctypes.c_long),
        ("retry_after_s", ctypes.c_uint), ("error", ctypes.c_char * 64),
        ("trouble", ctypes.c_char * 512), ("token_len", ctypes.c_size_t),
        ("token", ctypes.c_char * 8001)]


def library():
    loaded = ctypes.CDLL("libcaregate.so.0")
    pointer, text = ctypes.c_void_p, ctypes.POINTER(ctypes.c_char_p)
    loaded.cg_client_read_secret.argtypes = [
        ctypes.c_char_p, pointer, ctypes.c_size_t, text, ctypes.POINTER(Span)]
    loaded.cg_client_new.argtypes = [ctypes.POINTER(Config), text, ctypes.POINTER(pointer)]
    loaded.cg_client_token.argtypes = [pointer, ctypes.POINTER(Answer)]
    loaded.cg_client_reject.argtypes = [pointer, Span]
    loaded.cg_client_reject.restype = ctypes.c_bool
    loaded.cg_client_answer_release.argtypes = [ctypes.POINTER(Answer)]
    loaded.cg_client_free.argtypes, loaded.cg_client_free.restype = [pointer], pointer
    return loaded


class Client:
    """What gets tokens of one server for one client, and keeps the latest."""

    def __init__(self, token_url, client_id, secret_source, ca_file=None):
        self.library = library()
        self.handle = ctypes.c_void_p()
        kept = []

        def span(text):
            if text is None:
                return Span()
            kept.append(ctypes.create_string_buffer(text.encode()))
            return Span(ctypes.addressof(kept[-1]), len(kept[-1]) - 1)

        room, trouble = ctypes.create_string_buffer(SECRET_BYTES), ctypes.c_char_p()
        config = Config(token_url=span(token_url), client_id=span(client_id), method=SECRET_POST,
                        ca_file=span(ca_file))
        done = self.library.cg_client_read_secret(
            secret_source.encode(), room, SECRET_BYTES, ctypes.byref(trouble), config.secret)
        if done == 0:
            done = self.library.cg_client_new(config, ctypes.byref(trouble),
                                              ctypes.byref(self.handle))
        ctypes.memset(room, 0, SECRET_BYTES)
        if done != 0:
            raise ValueError((trouble.value or b"a setting is missing").decode())

    def token(self):
        """A good one; raises RuntimeError with the reason where there is none."""
        answer = Answer()
        done = self.library.cg_client_token(self.handle, answer)
        token, trouble = answer.token.decode(), answer.trouble.decode()
        self.library.cg_client_answer_release(answer)
        if done != 0:
            raise RuntimeError(f"no token: {trouble}")
        return token

    def reject(self, token):
        """An API refused it: whether a call is worth to be repeated."""
        data = ctypes.create_string_buffer(token.encode())
        return self.library.cg_client_reject(self.handle,
                                             Span(ctypes.addressof(data), len(data) - 1))

    def call(self, method, url, **options):
        """One request, once more when its token was refused."""
        token = self.token()
        answer = self.send(method, url, token, **options)
        refused = 'error="invalid_token"' in answer.headers.get("WWW-Authenticate", "")
        if refused and self.reject(token):
            answer = self.send(method, url, self.token(), **options)
        return answer

    @staticmethod
    def send(method, url, token, **options):
        return requests.request(method, url, timeout=30, allow_redirects=False, **options,
                                headers={"Authorization": f"Bearer {token}"})

    def close(self):
        self.handle = self.library.cg_client_free(self.handle)


def main():
    ca_file = os.environ.get("CA_FILE")
    client = Client(os.environ["TOKEN_URL"], os.environ["CLIENT_ID"], os.environ["SECRET_FILE"],
                    ca_file)
    for line in iter(sys.stdin.readline, ""):
        answer = client.call("GET", line.strip(), verify=ca_file or True)
        print(answer.status_code, flush=True)
    client.close()


if __name__ == "__main__":
    main()
