"""The pages under the keeper's test settings, with a clock that tests move."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from listkeep.keeper.pages import reveals
from listkeep.keeper.project import pages
from tests.keeper.edge import set_clock
from tests.keeper.pages.browsing import Browser
from tests.keeper.world import World


@pytest.fixture
def served(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The whole cast, and the pages at the seal origin."""
    set_clock(monkeypatch, world.clock)
    assert reveals.SECONDS == 120
    names = ("ROOT_URLCONF", "MIDDLEWARE", "ALLOWED_HOSTS", "TEMPLATES")
    with override_settings(**{name: getattr(pages, name) for name in names}):
        yield world


@pytest.fixture
def ben(served: World) -> Browser:
    return Browser(served, "ben")


@pytest.fixture
def ada(served: World) -> Browser:
    return Browser(served, "ada")


@pytest.fixture
def nobody(served: World) -> Browser:
    return Browser(served)
