# SPDX-License-Identifier: Apache-2.0
"""Rows of tests/vectors/smart, as requests over HTTP."""
import collections
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "vectors" / "smart"

Request = collections.namedtuple("Request", "method target condition form")
Row = collections.namedtuple("Row", "label columns request")


def read_request(text):
    """METHOD /PATH?QUERY [If-None-Exist: …] [form: …]"""
    text, mark, form = text.partition(" form:")
    form = form.removeprefix(" ") if mark else None
    text, mark, condition = text.partition(" If-None-Exist:")
    condition = condition.removeprefix(" ") if mark else None
    method, _, target = text.partition(" ")
    return Request(method, target, condition, form)


def rows(name, request_column):
    """The rows of a file, in its order."""
    found = []
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            columns = line.split(" | ")
            found.append(Row(line, columns, read_request(columns[request_column])))
    return found
