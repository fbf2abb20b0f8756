"""What the dock relies on when rows are opened for mail, and of what comes back."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from listkeep.core.errors import Code, RefusedError
from listkeep.wire import messages as m
from listkeep.wire.messages import sends as d
from tests.fakes.keeper_stage import Stage

PEOPLE = [f"person{number}@example.com" for number in range(4)]


def a_send_is_begun_once_and_read_by_the_dock(stage: Stage) -> None:
    list_id, _ = _fill(stage)
    request = stage.grant_send(list_id, "all", 3)
    session = stage.owner.session or ""

    begun = stage.keeper.start_send(d.StartSend(session=session, request=request))
    again = stage.keeper.start_send(d.StartSend(session=session, request=request))

    assert begun == again
    assert (begun.list, begun.cap, begun.state) == (list_id, 3, "live")
    assert begun in _read(stage)


def _read(stage: Stage) -> list[d.Send]:
    told = stage.keeper.read_sends(d.ReadSends())
    return [*told.sends, *told.ended]


def a_stranger_begins_no_send(stage: Stage) -> None:
    list_id, _ = _fill(stage)
    request = stage.grant_send(list_id, "all", 3)

    with pytest.raises(RefusedError) as caught:
        stage.keeper.start_send(
            d.StartSend(session=stage.stranger.session or "", request=request)
        )

    assert caught.value.code is Code.NOT_FOUND


def nothing_opens_before_a_send_was_begun(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    request = stage.grant_send(list_id, "all", 3)

    with pytest.raises(RefusedError) as caught:
        _open(stage, request, rows)

    assert caught.value.code is Code.NOT_FOUND


def rows_open_up_to_the_cap_and_once_counted_open_again(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    request = _start(stage, list_id, cap=3)

    first = _open(stage, request, rows)
    again = _open(stage, request, rows)

    assert [row.address for row in first] == [*PEOPLE[:3], ""]
    assert [row.code for row in first] == ["", "", "", "cap-exceeded"]
    assert first == again
    assert first[0].values == {"name": "Name 0"}, "and no other field"


def what_was_told_to_be_over_opens_no_more(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    request = _start(stage, list_id)
    _open(stage, request, rows)

    stage.keeper.close_for_send(
        d.CloseForSend(
            request=request, ended=_names(rows, 0), waiting=_names(rows, 1, 2)
        )
    )

    assert [row.code for row in _open(stage, request, rows)] == [
        "already-sent",
        *[""] * 3,
    ]
    message = d.OpenForSend(
        request=request,
        rows=rows,
        triggers=[""] * 4,
        ended=_names(rows, 1),
        waiting=_names(rows, 0),
    )
    opened = stage.keeper.open_for_send(message).rows
    assert [row.code for row in opened] == ["already-sent"] * 2 + [""] * 2


def a_row_that_does_not_belong_fails_alone(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    request = _start(stage, list_id, selection='plan = "pro"')
    bent = replace(
        rows,
        sealed=[
            rows.sealed[0][:-1] + bytes([rows.sealed[0][-1] ^ 1]),
            *rows.sealed[1:],
        ],
    )

    opened = _open(stage, request, bent)

    codes = [row.code for row in opened]
    assert codes == ["row-invalid", "row-invalid", "", "row-invalid"]
    assert [row.address for row in opened if row.address] == [PEOPLE[2]]


def who_is_suppressed_does_not_open(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    request = _start(stage, list_id)
    stage.keeper.suppress(
        m.Suppress(
            list=list_id,
            tokens=rows.tokens[:16],
            reason="unsubscribed",
            caller=stage.owner,
        )
    )

    assert [row.code for row in _open(stage, request, rows)] == [
        "suppressed",
        *[""] * 3,
    ]


def one_minute_late_nothing_opens_or_is_signed(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    request = _start(stage, list_id)
    [send] = [s for s in _read(stage) if s.request == request]
    stage.wait(timedelta(days=7, minutes=1))

    assert {row.code for row in _open(stage, request, rows)} == {"expired"}
    with pytest.raises(RefusedError) as caught:
        stage.keeper.sign_for_send(_sign(send, "ed25519"))
    assert caught.value.code is Code.EXPIRED


def what_leaves_is_signed_by_the_keys_of_the_send_alone(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    request = _start(stage, list_id)
    [send] = [s for s in _read(stage) if s.request == request]
    _open(stage, request, rows)

    signed = stage.keeper.sign_for_send(_sign(send, "ed25519"))

    assert [len(each) for each in signed.signatures] == [64]
    with pytest.raises(RefusedError):
        stage.keeper.sign_for_send(
            replace(_sign(send, "ed25519"), domain="bank.example")
        )


def a_finished_send_opens_nothing_more(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    request = _start(stage, list_id)
    end = d.FinishSend(request=request, delivered=0, failed=0)

    stage.keeper.finish_send(end)
    stage.keeper.finish_send(end)

    assert {row.code for row in _open(stage, request, rows)} == {"replayed"}
    [send] = [s for s in _read(stage) if s.request == request]
    assert send.state == "ended"
    known = stage.keeper.read_sends(d.ReadSends()).known
    assert send not in stage.keeper.read_sends(d.ReadSends(known=known)).ended


def hard_bounces_and_complaints_suppress_and_others_do_not(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    request = _start(stage, list_id)
    _open(stage, request, rows)
    outcomes = ("hard-bounce", "soft-bounce", "unsubscribe", "complaint")
    report = _report(request, rows, outcomes)

    first = stage.keeper.report_returned(report)
    again = stage.keeper.report_returned(report)

    assert (first.suppressed, first.counted, first.known) == (3, 1, 0)
    assert (again.suppressed, again.counted, again.known) == (0, 1, 3)
    codes = [row.code for row in _open(stage, request, rows)]
    assert codes == ["suppressed", "", "suppressed", "suppressed"]


def about_whom_nothing_was_sent_to_nothing_comes_back(stage: Stage) -> None:
    list_id, rows = _fill(stage)
    request = _start(stage, list_id)
    report = _report(request, rows, ("complaint",) * 4)

    assert stage.keeper.report_returned(report).unknown == 4
    assert {row.code for row in _open(stage, request, rows)} == {""}


SENDS: tuple[Callable[[Stage], None], ...] = (
    a_send_is_begun_once_and_read_by_the_dock,
    a_stranger_begins_no_send,
    nothing_opens_before_a_send_was_begun,
    rows_open_up_to_the_cap_and_once_counted_open_again,
    what_was_told_to_be_over_opens_no_more,
    a_row_that_does_not_belong_fails_alone,
    who_is_suppressed_does_not_open,
    one_minute_late_nothing_opens_or_is_signed,
    what_leaves_is_signed_by_the_keys_of_the_send_alone,
    a_finished_send_opens_nothing_more,
    hard_bounces_and_complaints_suppress_and_others_do_not,
    about_whom_nothing_was_sent_to_nothing_comes_back,
)


def _fill(stage: Stage) -> tuple[str, m.RowBatch]:
    """Open a list of four people, the third with another plan than the others."""
    record = stage.keeper.create_list(
        m.CreateList(
            caller=stage.owner,
            name="mailed",
            facets=("plan:text",),
            fields=("name", "city"),
        )
    )
    started = m.StartImport(caller=stage.owner, list=record.id)
    ticket = stage.keeper.start_import(started).ticket
    count = len(PEOPLE)
    facets = ['["free"]', '["free"]', '["pro"]', '["free"]']
    sealed = stage.keeper.seal_rows(
        m.SealRows(
            ticket=ticket,
            addresses=PEOPLE,
            fields=[f'["Name {number}","City {number}"]' for number in range(count)],
            facets=facets,
        )
    )
    stage.keeper.finish_import(
        m.FinishImport(
            ticket=ticket, committed=True, rows=count, added=count, sha256="0" * 64
        )
    )
    return record.id, m.RowBatch(
        tokens=sealed.tokens,
        batch_ids=sealed.batch_id * count,
        positions=list(range(count)),
        sealed=sealed.sealed,
        facets=facets,
    )


def _start(stage: Stage, list_id: str, *, selection: str = "all", cap: int = 4) -> str:
    request = stage.grant_send(list_id, selection, cap)
    session = stage.owner.session or ""
    stage.keeper.start_send(d.StartSend(session=session, request=request))
    return request


def _open(stage: Stage, request: str, rows: m.RowBatch) -> list[d.SendRow]:
    triggers = [""] * len(rows.sealed)
    message = d.OpenForSend(request=request, rows=rows, triggers=triggers)
    return stage.keeper.open_for_send(message).rows


def _names(rows: m.RowBatch, *places: int) -> d.RowNames:
    tokens = [rows.tokens[at * 16 : at * 16 + 16] for at in places]
    return d.RowNames(tokens=b"".join(tokens), triggers=[""] * len(places))


def _sign(send: d.Send, algorithm: str) -> d.SignForSend:
    [key] = [key for key in send.signing if key.algorithm == algorithm]
    return d.SignForSend(
        request=send.request,
        algorithm=key.algorithm,
        domain=key.domain,
        selector=key.selector,
        digests=[bytes(32)],
    )


def _report(
    request: str, rows: m.RowBatch, outcomes: tuple[str, ...]
) -> d.ReportReturned:
    return d.ReportReturned(
        items=[
            d.ReturnedItem(
                request=request,
                token=rows.tokens[at * 16 : at * 16 + 16],
                outcome=outcome,
                code="5.1.1",
            )
            for at, outcome in enumerate(outcomes)
        ]
    )
