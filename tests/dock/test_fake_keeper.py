"""The keeper these tests speak to keeps the promises of the real one."""

from collections.abc import Callable

import pytest

from tests.fakes.keeper import FakeKeeper
from tests.fakes.keeper_contract import CONTRACT, Stage


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
def test_the_fake_keeps_a_promise(promise: Callable[[Stage], None]) -> None:
    fake = FakeKeeper()
    promise(
        Stage(
            keeper=fake,
            owner=fake.add_person("ada", "acme"),
            stranger=fake.add_person("eve", "other"),
            app=fake.add_service("app", "acme"),
            intake=fake.add_service("intake", "acme"),
            grant_export=lambda list_id, selection, cap: fake.grant_export(
                list_id, selection=selection, cap=cap
            ),
            open_export=fake.open_export,
        )
    )
