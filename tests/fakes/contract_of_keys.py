"""What the dock relies on when the keys of lists are renewed."""

from collections.abc import Callable
from datetime import timedelta
from itertools import repeat

import pytest

from listkeep.core.errors import Code, ListkeepError
from listkeep.core.sealing import TOKEN_BYTES, read_key_number
from listkeep.wire import messages as m
from listkeep.wire.messages import keys as k
from tests.fakes.keeper_stage import Stage
from tests.fakes.rows import sealed_rows

PEOPLE = ("anna@example.com", "bert@example.com")


def a_list_begins_with_key_0(stage: Stage) -> None:
    record, _ = _filled(stage)

    known = _known(stage, record)
    assert [key.number for key in known.keys] == [0]
    assert known.ready_at == ""


def a_key_is_renewed_once_it_is_a_day_old(stage: Stage) -> None:
    record, _ = _filled(stage)
    with pytest.raises(ListkeepError):
        stage.keeper.renew_key(k.RenewKey(list=record.id))

    stage.wait(timedelta(days=1))
    known = stage.keeper.renew_key(k.RenewKey(list=record.id))

    assert [key.number for key in known.keys] == [0, 1]
    assert known == stage.keeper.renew_key(k.RenewKey(list=record.id))
    assert known == _known(stage, record)


def rows_are_sealed_anew_under_the_newest_key(stage: Stage) -> None:
    record, rows = _filled(stage)
    stage.wait(timedelta(days=1))
    stage.keeper.renew_key(k.RenewKey(list=record.id))

    anew = _reseal(stage, record, rows)

    assert [read_key_number(seal) for seal in anew.sealed] == [1, 1]
    assert anew.tokens == rows.tokens
    assert anew.batch_ids != rows.batch_ids


def a_row_that_does_not_open_is_named_by_its_place(stage: Stage) -> None:
    record, rows = _filled(stage)
    stage.wait(timedelta(days=1))
    stage.keeper.renew_key(k.RenewKey(list=record.id))
    swapped = m.RowBatch(
        tokens=rows.tokens,
        batch_ids=rows.batch_ids,
        positions=rows.positions,
        sealed=[rows.sealed[1], rows.sealed[1]],
        facets=rows.facets,
    )

    anew = stage.keeper.renew_rows(k.RenewRows(list=record.id, rows=swapped))

    assert [bool(seal) for seal in anew.sealed] == [False, True]
    assert anew.tokens == bytes(TOKEN_BYTES) + rows.tokens[TOKEN_BYTES:]


def without_a_renewal_nothing_is_sealed_anew(stage: Stage) -> None:
    record, rows = _filled(stage)

    with pytest.raises(ListkeepError):
        stage.keeper.renew_rows(k.RenewRows(list=record.id, rows=rows))


def an_old_key_goes_when_all_rows_were_shown_and_a_day_has_passed(
    stage: Stage,
) -> None:
    record, rows = _filled(stage)
    stage.wait(timedelta(days=1))
    stage.keeper.renew_key(k.RenewKey(list=record.id))
    anew = _reseal(stage, record, rows)

    _refused(Code.BUSY, lambda: _destroy(stage, record, anew))
    stage.wait(timedelta(days=1))
    _refused(Code.BUSY, lambda: _destroy(stage, record, rows))
    _refused(Code.COUNT_DIFFERS, lambda: _destroy(stage, record))
    known = _destroy(stage, record, anew)

    assert [key.number for key in known.keys] == [1]
    with pytest.raises(ListkeepError):
        _reseal(stage, record, anew)


def nobody_knows_a_list_that_is_not_there(stage: Stage) -> None:
    _refused(
        Code.NOT_FOUND, lambda: stage.keeper.renew_key(k.RenewKey(list="l_nowhere"))
    )
    _refused(
        Code.NOT_FOUND,
        lambda: stage.keeper.destroy_keys(k.DestroyKeys(list="l_nowhere"), ()),
    )


def after_a_new_index_key_a_row_comes_under_both(stage: Stage) -> None:
    record, rows = _filled(stage)
    stage.renew_index_key()

    sealed = _seal(stage, record, "not an address", *PEOPLE)

    [older] = sealed.older
    assert {older.tokens[16:32], older.tokens[32:]} == {
        row.token for row in sealed_rows(rows)
    }
    assert older.tokens[16:] != sealed.tokens[16:]
    for seals in (sealed.sealed, older.sealed):
        assert [bool(seal) for seal in seals] == [False, True, True]
    known = _known(stage, record)
    assert [key.number for key in known.index_keys] == [0, 1]
    assert known.tenant == record.tenant


def who_is_suppressed_keeps_the_token_that_is(stage: Stage) -> None:
    record, _ = _filled(stage)
    stage.renew_index_key()
    [token] = _token(stage, record, PEOPLE[0]).older
    stage.keeper.suppress(
        m.Suppress(
            list=record.id, tokens=token, reason="unsubscribed", caller=stage.owner
        )
    )

    sealed = _seal(stage, record, *PEOPLE)

    assert [bool(seal) for seal in sealed.sealed] == [False, True]
    assert [bool(seal) for seal in sealed.older[0].sealed] == [True, True]
    assert _token(stage, record, PEOPLE[0]) == m.FoundToken(token=token)


def an_address_has_a_token_under_each_key(stage: Stage) -> None:
    record, rows = _filled(stage)
    assert _token(stage, record, PEOPLE[0]).older == ()
    stage.renew_index_key()

    found = _token(stage, record, PEOPLE[0])

    assert found.token not in rows.tokens
    assert len(found.older) == 1
    assert found.older[0] in {row.token for row in sealed_rows(rows)}


KEYS: tuple[Callable[[Stage], None], ...] = (
    a_list_begins_with_key_0,
    a_key_is_renewed_once_it_is_a_day_old,
    rows_are_sealed_anew_under_the_newest_key,
    a_row_that_does_not_open_is_named_by_its_place,
    without_a_renewal_nothing_is_sealed_anew,
    an_old_key_goes_when_all_rows_were_shown_and_a_day_has_passed,
    nobody_knows_a_list_that_is_not_there,
    after_a_new_index_key_a_row_comes_under_both,
    who_is_suppressed_keeps_the_token_that_is,
    an_address_has_a_token_under_each_key,
)


def _filled(stage: Stage) -> tuple[m.ListRecord, m.RowBatch]:
    record = stage.keeper.create_list(
        m.CreateList(caller=stage.owner, name="old", facets=("plan:text",))
    )
    ticket = stage.keeper.start_import(
        m.StartImport(caller=stage.owner, list=record.id)
    ).ticket
    facets = ['["pro"]', '["free"]']
    sealed = stage.keeper.seal_rows(
        m.SealRows(
            ticket=ticket, addresses=list(PEOPLE), fields=["[]"] * 2, facets=facets
        )
    )
    stage.keeper.finish_import(
        m.FinishImport(ticket=ticket, committed=True, rows=2, added=2)
    )
    return record, _batch(sealed, facets)


def _seal(stage: Stage, record: m.ListRecord, *addresses: str) -> m.SealedRows:
    ticket = stage.keeper.start_import(
        m.StartImport(caller=stage.owner, list=record.id)
    ).ticket
    many = len(addresses)
    message = m.SealRows(
        ticket=ticket,
        addresses=list(addresses),
        fields=["[]"] * many,
        facets=['["pro"]'] * many,
    )
    return stage.keeper.seal_rows(message)


def _token(stage: Stage, record: m.ListRecord, address: str) -> m.FoundToken:
    return stage.keeper.look_up(
        m.LookUp(caller=stage.owner, list=record.id, address=address)
    )


def _batch(sealed: m.SealedRows, facets: list[str]) -> m.RowBatch:
    """Put rows in the order of their tokens."""
    batch = m.RowBatch(
        tokens=sealed.tokens,
        batch_ids=sealed.batch_id * 2,
        positions=[0, 1],
        sealed=sealed.sealed,
        facets=facets,
    )
    rows = sorted(sealed_rows(batch), key=lambda row: row.token)
    return m.RowBatch(
        tokens=b"".join(row.token for row in rows),
        batch_ids=b"".join(row.batch_id for row in rows),
        positions=[row.position for row in rows],
        sealed=[row.sealed for row in rows],
        facets=[row.facets for row in rows],
    )


def _known(stage: Stage, record: m.ListRecord) -> k.ListKeys:
    [known] = [
        each
        for each in stage.keeper.read_keys(k.ReadKeys()).lists
        if each.list == record.id
    ]
    return known


def _reseal(stage: Stage, record: m.ListRecord, rows: m.RowBatch) -> m.RowBatch:
    anew = stage.keeper.renew_rows(k.RenewRows(list=record.id, rows=rows))
    return m.RowBatch(
        tokens=anew.tokens,
        batch_ids=b"".join(repeat(anew.batch_id, len(anew.sealed))),
        positions=list(range(len(anew.sealed))),
        sealed=anew.sealed,
        facets=rows.facets,
    )


def _destroy(stage: Stage, record: m.ListRecord, *shown: m.RowBatch) -> k.ListKeys:
    held = [k.HeldRows(rows=rows) for rows in shown]
    return stage.keeper.destroy_keys(k.DestroyKeys(list=record.id), held)


def _refused(code: Code, act: Callable[[], object]) -> None:
    with pytest.raises(ListkeepError) as refused:
        act()
    assert refused.value.code is code
