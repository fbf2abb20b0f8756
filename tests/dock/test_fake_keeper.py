"""The keeper these tests speak to keeps the promises of the real one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from listkeep.wire import messages as m
from tests.fakes.contract_of_sends import SENDS
from tests.fakes.keeper import OWNER_RIGHTS, FakeKeeper
from tests.fakes.keeper_contract import CONTRACT
from tests.fakes.keeper_stage import Stage


@pytest.mark.parametrize(
    "promise", [*CONTRACT, *SENDS], ids=lambda promise: promise.__name__
)
def test_the_fake_keeps_a_promise(promise: Callable[[Stage], None]) -> None:
    fake = FakeKeeper()
    promise(
        Stage(
            keeper=fake,
            owner=fake.add_person("ada", "acme", OWNER_RIGHTS),
            stranger=fake.add_person("eve", "other", OWNER_RIGHTS),
            app=fake.add_service("app", "acme"),
            intake=fake.add_service("intake", "acme"),
            grant_export=lambda list_id, selection, cap: fake.grant_export(
                list_id, selection=selection, cap=cap
            ),
            grant_send=lambda list_id, selection, cap: fake.grant_send(
                list_id, selection=selection, cap=cap, fields=("name",)
            ),
            grant_erasure=lambda list_id, token, keep: fake.grant_erasure(
                list_id, token, keep=keep
            ),
            open_export=fake.open_export,
            issue_code=lambda client, challenge: fake.issue_code(
                "lks_ada_session", challenge=challenge, client=client
            ),
            add_contact=fake.add_contact,
            wait=lambda span: _wait(fake, span),
            act=lambda: _tell(fake),
            renew_index_key=lambda: _renew_index_key(fake),
        )
    )


def _renew_index_key(fake: FakeKeeper) -> None:
    fake.index_keys["acme"] += 1


def _wait(fake: FakeKeeper, span: timedelta) -> None:
    fake.now += span


def test_first_batches_that_come_at_once_are_sealed_under_one_key() -> None:
    fake = FakeKeeper()
    fake.add_person("ada", "acme")
    caller = m.Caller(session="lks_ada_session")
    for name in (f"list{i}" for i in range(50)):
        record = fake.create_list(
            m.CreateList(caller=caller, name=name, facets=(), fields=())
        )
        ticket = fake.start_import(m.StartImport(caller=caller, list=record.id)).ticket
        gate = Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            tokens = set(
                pool.map(
                    lambda _, gate=gate, ticket=ticket: _first_token(
                        fake, gate, ticket
                    ),
                    range(4),
                )
            )
        fake._keys.clear()
        assert len(tokens) == 1


def _tell(fake: FakeKeeper) -> None:
    fake.tell()


def _first_token(fake: FakeKeeper, gate: Barrier, ticket: str) -> bytes:
    gate.wait()
    return fake.seal_rows(
        m.SealRows(
            ticket=ticket,
            addresses=["anna@example.com"],
            fields=["[]"],
            facets=["[]"],
        )
    ).tokens
