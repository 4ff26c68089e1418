# SPDX-License-Identifier: Apache-2.0
"""tools/build in the hands of an ordinary user."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534


@pytest.fixture
def tree():
    """A tree of its own with tools/build and a folder build, of an ordinary user."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="caregate-build-"))
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "build", folder / "tools")
    (folder / "build" / "test").mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


def give(tree):
    """To nobody, when root runs this; returns the words that make a command nobody's."""
    if os.geteuid() != 0:
        return []
    for path in [tree, *tree.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    return ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]


def clean(tree, words):
    return subprocess.run([*words, str(tree / "tools" / "build"), "clean"], cwd=tree,
                          capture_output=True, text=True, check=False)


def test_a_file_that_is_only_read_is_not_in_the_way(tree):
    """npm keeps its cache read-only."""
    (tree / "build" / "test" / "cached").write_text("x")
    (tree / "build" / "test" / "cached").chmod(0o444)
    done = clean(tree, give(tree))
    assert done.returncode == 0, done.stderr
    assert not (tree / "build").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave files of root's behind")
def test_a_file_of_root_is_named_with_how_to_get_rid_of_it(tree):
    words = give(tree)
    (tree / "build" / "test" / "theirs").write_text("x")
    done = clean(tree, words)
    assert done.returncode == 1
    assert "build/test/theirs belongs to root" in done.stderr
    assert f"sudo rm -rf {tree}/build" in done.stderr
    assert (tree / "build" / "test" / "theirs").exists()
