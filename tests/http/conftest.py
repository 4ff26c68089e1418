# SPDX-License-Identifier: Apache-2.0
"""What the HTTP tests share: a furnished house, makers of others, APIs to stand behind."""
import os
import pathlib
import signal
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support.agent import Scene  # noqa: E402
from support.estate import Estate  # noqa: E402
from support.house import House, build  # noqa: E402  (the path comes first)
from support.upstream import Echo, FhirApi  # noqa: E402

TEST_MAX_S = 120


@pytest.fixture(autouse=True)
def bounded_time(request):
    """No test hangs: an alarm fails it. `@pytest.mark.max_seconds(N)` allows more."""
    mark = request.node.get_closest_marker("max_seconds")

    def ring(*_):
        raise TimeoutError("the test took too long")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(mark.args[0] if mark else TEST_MAX_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pytest_configure(config):
    config.addinivalue_line("markers", "max_seconds(n): how long the test may take")


@pytest.fixture(scope="session")
def echo_shared():
    server = Echo()
    yield server
    server.close()


@pytest.fixture()
def echo(echo_shared):
    """An API that tells what reached it, with nothing seen yet."""
    echo_shared.seen.clear()
    echo_shared.reply = None
    return echo_shared


@pytest.fixture(scope="session")
def fhir_api(tmp_path_factory):
    """The example FHIR API; it keeps every R4 type and serves /fhir/$who."""
    api = FhirApi(tmp_path_factory.mktemp("fhir"), "--echo", "--any-resource")
    yield api
    api.close()


@pytest.fixture(scope="session")
def house(echo_shared, fhir_api):
    """A furnished house for tests that change nothing of the server. They may add clients."""
    shared = House()
    try:
        yield shared.furnish(echo_shared.url, fhir_api.url).start()
    finally:
        shared.close()


@pytest.fixture(scope="session")
def estate(echo_shared, fhir_api, tmp_path_factory):
    """A furnished house for each profile, as `house` is one. They may add clients."""
    made = Estate(echo_shared, fhir_api, tmp_path_factory.mktemp("profiles"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture()
def make_house(echo_shared, fhir_api):
    """Makes a house of one's own: make_house(furnish=True, start=True, **options of House)."""
    made = []

    def make(furnish=True, start=True, **options):
        own = House(**options)
        made.append(own)
        if furnish:
            own.furnish(echo_shared.url, fhir_api.url)
        return own.start() if start else own

    yield make
    for own in made:
        own.close()


@pytest.fixture()
def own_house(make_house):
    """A furnished, running house that the test may change."""
    return make_house()


@pytest.fixture(scope="session")
def node():
    """The folder with the Node tests and their packages."""
    folder = os.environ.get("CAREGATE_NODE")
    assert folder and build(), "CAREGATE_NODE names no folder; `tools/test http` sets it"
    return pathlib.Path(folder)


@pytest.fixture
def make_agent_scene():
    """Makes agents, each with an issuer and an API of the tests' own, and starts them."""
    made = []

    def make(start=True, **options):
        scene = Scene(**options)
        made.append(scene)
        return scene.start() if start else scene

    yield make
    for scene in made:
        scene.close()
