from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.dock.conftest import Api
from tests.dock.delivery.post import Post, Stage
from tests.dock.delivery.ways import MX, RELAY
from tests.fakes.certificates import Identity, make_authority, make_host
from tests.fakes.keeper import FakeKeeper


@pytest.fixture
def stage(ada: Api, keeper: FakeKeeper, home: Path) -> Iterator[Stage]:
    """What a delivery proxy needs around it; a test opens it."""
    key = home / "dock.key"
    key.touch(mode=0o600)
    key.write_text("lkk_v_aaaaaaaaaaaa_secret")
    earlier = settings.LISTKEEP_SERVICE_KEY_FILE
    settings.LISTKEEP_SERVICE_KEY_FILE = key
    yield Stage(ada, keeper, home)
    settings.LISTKEEP_SERVICE_KEY_FILE = earlier


@pytest.fixture
def post(stage: Stage) -> Iterator[Post]:
    """A delivery proxy that runs."""
    with stage.open() as opened:
        yield opened


@pytest.fixture(scope="session")
def authority() -> Identity:
    return make_authority()


@pytest.fixture(scope="session")
def relay(authority: Identity) -> Identity:
    return make_host(RELAY, authority)


@pytest.fixture(scope="session")
def exchanger(authority: Identity) -> Identity:
    return make_host(MX, authority)
