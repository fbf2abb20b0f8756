"""What the dock relies on when rows are looked over, and of incidents."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from listkeep.core.errors import Code, ConflictError, ListkeepError, RefusedError
from listkeep.core.sealing import SealedRow
from listkeep.wire import messages as m
from listkeep.wire.messages import incidents as i
from listkeep.wire.messages import scrubs as s
from tests.fakes.keeper_stage import Stage
from tests.fakes.rows import sealed_rows

PEOPLE = [f"person{number}@example.com" for number in range(5)]


def a_sample_names_what_is_not_genuine(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    bent = [rows[0]._replace(facets='["vip"]'), rows[1]]

    answer = stage.keeper.scrub_rows(_ask(list_id, bent))

    assert (answer.invalid, answer.better, answer.bookmark) == ([0], [], None)


def a_sample_names_what_is_called_better_than_it_is(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    stage.keeper.suppress(
        m.Suppress(
            list=list_id,
            tokens=rows[1].token,
            reason="bounced",
            caller=stage.owner,
        )
    )

    assert stage.keeper.scrub_rows(_ask(list_id, rows)).better == [1]


def a_pass_over_all_rows_is_done_and_finds_nothing(stage: Stage) -> None:
    list_id, rows = _fill(stage)

    answer = _pass(stage, list_id, rows)

    assert (answer.is_done, answer.doubts) == (True, ())
    assert _open_kinds(stage) == []
    (state,) = [
        each
        for each in stage.keeper.read_scrubs(s.ReadScrubs()).lists
        if each.list == list_id
    ]
    assert (state.entries, state.scrubs) == (5, 1)


def a_missing_row_is_doubted_first_and_then_an_incident(stage: Stage) -> None:
    list_id, rows = _fill(stage)

    doubted = _pass(stage, list_id, rows[1:])
    assert (doubted.is_done, doubted.doubts) == (False, ("rows-missing",))
    assert _open_kinds(stage) == []

    assert _pass(stage, list_id, rows[1:], is_sure=True).is_done
    assert _open_kinds(stage) == ["rows-missing"]


def a_pass_takes_its_own_bookmark_once_and_tokens_in_order(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    begun = _mark(stage.keeper.scrub_rows(_ask(list_id, [], begins=True)))
    around = _mark(
        stage.keeper.scrub_rows(
            _ask(
                list_id,
                [row for row in rows if row.token > begun.after],
                bookmark=begun,
                is_end=True,
            )
        )
    )
    last = [row for row in rows if row.token <= begun.start]
    bent: tuple[s.ScrubRows, ...] = (
        _ask(list_id, [], bookmark=replace(around, mac=b"theirs")),
        _ask(list_id, [rows[0], rows[0]], bookmark=around),
        _ask(list_id, [rows[-1]._replace(token=b"\xff" * 16)], bookmark=around),
    )
    for message in bent:
        with pytest.raises(ListkeepError):
            stage.keeper.scrub_rows(message)
    end = _ask(list_id, last, bookmark=around, is_end=True)
    assert stage.keeper.scrub_rows(end).is_done
    with pytest.raises(ConflictError):
        stage.keeper.scrub_rows(end)


def an_incident_is_opened_once_and_closed_by_its_owner(stage: Stage) -> None:
    list_id, _ = _fill(stage)
    message = i.OpenIncident(kind="rows-invalid", list=list_id, found=3)
    opened = stage.keeper.report_incident(message)
    assert stage.keeper.report_incident(message).id == opened.id

    def shown(caller: m.Caller) -> list[str]:
        asked = i.ShowIncidents(caller=caller)
        return [each.id for each in stage.keeper.show_incidents(asked).incidents]

    assert shown(stage.owner) == [opened.id]
    assert shown(stage.stranger) == []

    def close(caller: m.Caller) -> i.Incident:
        return stage.keeper.close_incident(
            i.CloseIncident(caller=caller, incident=opened.id, reason="a test")
        )

    with pytest.raises(RefusedError) as caught:
        close(stage.stranger)
    assert caught.value.code is Code.NOT_FOUND
    closed = close(stage.owner)
    assert closed.closed_at
    assert (closed.reason, closed.found) == ("a test", 3)
    with pytest.raises(ConflictError):
        close(stage.owner)


SCRUBS: tuple[Callable[[Stage], None], ...] = (
    a_sample_names_what_is_not_genuine,
    a_sample_names_what_is_called_better_than_it_is,
    a_pass_over_all_rows_is_done_and_finds_nothing,
    a_missing_row_is_doubted_first_and_then_an_incident,
    a_pass_takes_its_own_bookmark_once_and_tokens_in_order,
    an_incident_is_opened_once_and_closed_by_its_owner,
)


def _fill(stage: Stage) -> tuple[str, list[SealedRow]]:
    """Open a list, and give its rows in the order of their tokens."""
    record = stage.keeper.create_list(
        m.CreateList(caller=stage.owner, name="scrubbed", facets=("plan:text",))
    )
    started = m.StartImport(caller=stage.owner, list=record.id)
    ticket = stage.keeper.start_import(started).ticket
    count = len(PEOPLE)
    sealed = stage.keeper.seal_rows(
        m.SealRows(
            ticket=ticket,
            addresses=PEOPLE,
            fields=["[]"] * count,
            facets=['["pro"]'] * count,
        )
    )
    stage.keeper.finish_import(
        m.FinishImport(
            ticket=ticket, committed=True, rows=count, added=count, sha256="0" * 64
        )
    )
    batch = m.RowBatch(
        tokens=sealed.tokens,
        batch_ids=sealed.batch_id * count,
        positions=list(range(count)),
        sealed=sealed.sealed,
        facets=['["pro"]'] * count,
    )
    return record.id, sorted(sealed_rows(batch))


def _ask(list_id: str, rows: list[SealedRow], **facts: object) -> s.ScrubRows:
    return s.ScrubRows(
        list=list_id,
        rows=m.RowBatch(
            tokens=b"".join(row.token for row in rows),
            batch_ids=b"".join(row.batch_id for row in rows),
            positions=[row.position for row in rows],
            sealed=[row.sealed for row in rows],
            facets=[row.facets for row in rows],
        ),
        subscribed=b"\1" * len(rows),
        **facts,  # type: ignore[arg-type]
    )


def _pass(
    stage: Stage, list_id: str, rows: list[SealedRow], *, is_sure: bool = False
) -> s.ScrubbedRows:
    mark = _mark(stage.keeper.scrub_rows(_ask(list_id, [], begins=True)))
    above = [row for row in rows if row.token > mark.start]
    below = [row for row in rows if row.token <= mark.start]
    asked = _ask(list_id, above, bookmark=mark, is_end=True)
    mark = _mark(stage.keeper.scrub_rows(asked))
    return stage.keeper.scrub_rows(
        _ask(list_id, below, bookmark=mark, is_end=True, is_sure=is_sure)
    )


def _mark(answer: s.ScrubbedRows) -> s.Bookmark:
    assert answer.bookmark
    return answer.bookmark


def _open_kinds(stage: Stage) -> list[str]:
    found = stage.keeper.show_incidents(i.ShowIncidents()).incidents
    return [each.kind for each in found if not each.closed_at]
