"""What the dock relies on when it takes a list back or erases somebody."""

from collections.abc import Callable

import pytest

from listkeep.core.errors import Code, RefusedError
from listkeep.wire import messages as m
from listkeep.wire.messages import erasures as e
from listkeep.wire.messages import restores as r
from listkeep.wire.messages import scrubs as s
from tests.fakes.keeper_stage import Stage

MOMENT = "2026-01-05T12:00:00Z"
ADDRESSES = ["anna@example.com", "bert@example.com", "carl@example.com"]


def earlier_rows_are_sealed_anew_up_to_what_was_said(stage: Stage) -> None:
    record, rows = _filled(stage, "anew")
    ticket = _start(stage, record, rows=2)

    first = _reseal(stage, ticket, rows, 0, 1)

    assert first.tokens == rows.tokens[:32]
    assert first.batch_id != rows.batch_ids[:12]
    assert all(first.sealed)
    with pytest.raises(RefusedError) as caught:
        _reseal(stage, ticket, rows, 2)
    assert caught.value.code is Code.CAP_EXCEEDED


def what_does_not_open_has_no_seal(stage: Stage) -> None:
    record, rows = _filled(stage, "closed")
    rows.facets[1] = '["vip"]'
    ticket = _start(stage, record, rows=2)

    sealed = _reseal(stage, ticket, rows, 0, 1)

    assert [bool(seal) for seal in sealed.sealed] == [True, False]
    assert sealed.tokens[16:] == bytes(16)


def a_restore_ends_once(stage: Stage) -> None:
    record, rows = _filled(stage, "ended")
    ticket = _start(stage, record, rows=1)
    stage.keeper.finish_restore(r.FinishRestore(ticket=ticket, committed=True, rows=1))

    for act in (
        lambda: _reseal(stage, ticket, rows, 0),
        lambda: stage.keeper.finish_restore(
            r.FinishRestore(ticket=ticket, committed=False)
        ),
    ):
        with pytest.raises(RefusedError):
            act()


def only_people_of_the_tenant_take_a_list_back(stage: Stage) -> None:
    record, _ = _filled(stage, "kept")

    for caller in (stage.stranger, stage.app, stage.intake):
        with pytest.raises(RefusedError):
            _start(stage, record, rows=1, caller=caller)


def who_was_erased_does_not_come_back(stage: Stage) -> None:
    for name, keep in (("marked", True), ("forgotten", False)):
        record, rows = _filled(stage, name, people=[f"eric@{name}.example"])
        request = stage.grant_erasure(record.id, rows.tokens[:16], keep)
        for _ in range(2):  # the dock may have died in between
            _erase(stage, request, rows.tokens[:16], record)
        ticket = _start(stage, record, rows=1)

        assert _reseal(stage, ticket, rows, 0).sealed == [b""]


def a_mark_is_as_it_should_be_and_an_emptied_row_is_not(stage: Stage) -> None:
    record, rows = _filled(stage, "looked", people=["eva@looked.example", ADDRESSES[0]])
    request = stage.grant_erasure(record.id, rows.tokens[:16], True)
    _erase(stage, request, rows.tokens[:16], record, removed=False)
    rows.sealed[:] = [b"", b""]

    answer = stage.keeper.scrub_rows(
        s.ScrubRows(list=record.id, rows=rows, subscribed=bytes([0, 1]))
    )

    assert answer.invalid == [1]


def an_erasure_is_of_whom_the_request_names(stage: Stage) -> None:
    record, rows = _filled(stage, "named")
    request = stage.grant_erasure(record.id, rows.tokens[:16], True)

    with pytest.raises(RefusedError):
        _erase(stage, request, rows.tokens[16:32], record)
    with pytest.raises(RefusedError):
        _erase(stage, "r_nobodynobody", rows.tokens[:16], record)


def _filled(
    stage: Stage, name: str, people: list[str] = ADDRESSES
) -> tuple[m.ListRecord, m.RowBatch]:
    record = stage.keeper.create_list(
        m.CreateList(caller=stage.owner, name=name, facets=("plan:text",), fields=())
    )
    ticket = stage.keeper.start_import(
        m.StartImport(caller=stage.owner, list=record.id)
    ).ticket
    facets = ['["pro"]'] * len(people)
    sealed = stage.keeper.seal_rows(
        m.SealRows(
            ticket=ticket, addresses=people, fields=["[]"] * len(people), facets=facets
        )
    )
    stage.keeper.finish_import(
        m.FinishImport(ticket=ticket, committed=True, added=len(people))
    )
    return record, m.RowBatch(
        tokens=sealed.tokens,
        batch_ids=sealed.batch_id * len(people),
        positions=list(range(len(people))),
        sealed=sealed.sealed,
        facets=facets,
    )


def _start(
    stage: Stage, record: m.ListRecord, *, rows: int, caller: m.Caller | None = None
) -> str:
    return stage.keeper.start_restore(
        r.StartRestore(
            caller=caller or stage.owner, list=record.id, moment=MOMENT, rows=rows
        )
    ).ticket


def _reseal(stage: Stage, ticket: str, rows: m.RowBatch, *places: int) -> m.SealedRows:
    batch = m.RowBatch(
        tokens=b"".join(rows.tokens[at * 16 : at * 16 + 16] for at in places),
        batch_ids=b"".join(rows.batch_ids[at * 12 : at * 12 + 12] for at in places),
        positions=[rows.positions[at] for at in places],
        sealed=[rows.sealed[at] for at in places],
        facets=[rows.facets[at] for at in places],
    )
    return stage.keeper.reseal_rows(r.ResealRows(ticket=ticket, rows=batch))


def _erase(
    stage: Stage,
    request: str,
    token: bytes,
    record: m.ListRecord,
    *,
    removed: bool = True,
) -> None:
    session = stage.owner.session
    lists = (e.ErasedFrom(list=record.id, removed=removed),)
    stage.keeper.erase_entry(
        e.EraseEntry(session=session, request=request, token=token, lists=lists)
    )


RESTORES: tuple[Callable[[Stage], None], ...] = (
    earlier_rows_are_sealed_anew_up_to_what_was_said,
    what_does_not_open_has_no_seal,
    a_restore_ends_once,
    only_people_of_the_tenant_take_a_list_back,
    who_was_erased_does_not_come_back,
    a_mark_is_as_it_should_be_and_an_emptied_row_is_not,
    an_erasure_is_of_whom_the_request_names,
)
