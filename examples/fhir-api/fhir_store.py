# SPDX-License-Identifier: Apache-2.0
"""Every version of every resource, in memory and, given a folder, on disk as well."""

import collections
import json
import os
import pathlib
import threading
from datetime import datetime, timezone

from fhir_rules import Problem, issue

Version = collections.namedtuple("Version", "number when resource")  # resource None: deleted


def instant(when):
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def etag(version):
    return f'W/"{version.number}"'


class Store:
    def __init__(self, folder=None):
        self.lock = threading.Lock()
        self.versions = {}
        self.folder = pathlib.Path(folder) if folder else None
        if self.folder:
            self._load()

    def put(self, kind, key, resource, if_match=None):
        """Add a version (None deletes); if_match is the ETag the caller has seen.

        Returns the version and whether the resource was not there before.
        """
        with self.lock:
            versions = self.versions.get((kind, key), ())
            there = bool(versions) and versions[-1].resource is not None
            if if_match is not None and not (there and if_match.strip() == etag(versions[-1])):
                raise Problem(412, issue("conflict", "this is not the version that is here now"))
            when, number = datetime.now(timezone.utc), len(versions) + 1
            version = Version(number, when, resource and _stamped(resource, key, number, when))
            self._save(kind, key, version)
            self.versions[kind, key] = (*versions, version)
            return version, not there

    def get(self, kind, key, number=None):
        """The newest or the numbered version; refuses one that is unknown or a deletion."""
        versions = self.versions.get((kind, key), ())
        wanted = len(versions) if number is None else number
        if not 1 <= wanted <= len(versions):
            raise Problem(404, issue("not-found", f"there is no such {kind}"))
        if versions[wanted - 1].resource is None:
            raise Problem(410, issue("deleted", f"this {kind} has been deleted"))
        return versions[wanted - 1]

    def current(self, kind):
        """The resources of this type that are there now, oldest first."""
        with self.lock:
            newest = [chain[-1] for (one, _), chain in self.versions.items() if one == kind]
        return [version.resource for version in newest if version.resource is not None]

    def _save(self, kind, key, version):
        if self.folder is None:
            return
        path = self.folder / kind / key / f"{version.number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"when": version.when.isoformat(), "resource": version.resource}
        write_whole(path, json.dumps(kept))

    def _load(self):
        for path in self.folder.glob("*/*/*.json"):
            kept = json.loads(path.read_text("utf-8"))
            when = datetime.fromisoformat(kept["when"])
            version = Version(int(path.stem), when, kept["resource"])
            place = path.parts[-3], path.parts[-2]
            self.versions[place] = tuple(sorted((*self.versions.get(place, ()), version)))


def _stamped(resource, key, number, when):
    meta = {**resource.get("meta", {}), "versionId": str(number), "lastUpdated": instant(when)}
    head = {"resourceType": resource["resourceType"], "id": key, "meta": meta}
    return {**head, **{name: value for name, value in resource.items() if name not in head}}


def write_whole(path, text):
    """Write a file so that nobody finds it half written."""
    aside = pathlib.Path(f"{path}.new")
    aside.write_text(text, "utf-8")
    os.replace(aside, path)
