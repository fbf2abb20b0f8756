"""What the dock relies on in a keeper, as functions over a stage.

The fake and the real keeper both pass them, so that a test against the fake says
something about the product. Each function takes a ``Stage`` and plays it once.
"""

from collections.abc import Callable

import pytest

from listkeep.core.errors import Code, ListkeepError, RefusedError, VerificationError
from listkeep.wire import messages as m
from tests.fakes.contract_of_keys import KEYS
from tests.fakes.contract_of_people import PEOPLE
from tests.fakes.contract_of_restores import RESTORES
from tests.fakes.contract_of_scrubs import SCRUBS
from tests.fakes.keeper_stage import Stage

FACETS = ("plan:text",)
FIELDS = ("name",)


def a_caller_nobody_knows_is_refused(stage: Stage) -> None:
    for caller in (
        m.Caller(),
        m.Caller(session="lks_made_up"),
        m.Caller(service_key="lkk_made_up"),
    ):
        with pytest.raises(RefusedError) as caught:
            stage.keeper.authorize(m.Authorize(caller=caller, right="view"))
        assert caught.value.code is Code.NOT_SIGNED_IN


def a_list_is_found_by_its_id_and_by_its_name(stage: Stage) -> None:
    record = _open(stage, "found")

    for name in (record.id, "found"):
        assert _show(stage, stage.owner, name) == (record,)
    assert record in _show(stage, stage.owner, "")
    assert _show(stage, stage.owner, "nowhere") == ()


def a_name_is_given_once_in_a_tenant(stage: Stage) -> None:
    _open(stage, "twice")

    with pytest.raises(ListkeepError) as caught:
        _open(stage, "twice")
    assert caught.value.code is Code.ALREADY_EXISTS


def a_stranger_sees_no_list_and_has_no_right_on_it(stage: Stage) -> None:
    record = _open(stage, "hidden")

    for name in (record.id, "hidden", ""):
        assert record not in _show(stage, stage.stranger, name)
    for right in ("view", "touch", "look-up", "reveal", "export"):
        with pytest.raises(RefusedError):
            _authorize(stage, stage.stranger, right, record.id)
    for act in (
        lambda: stage.keeper.start_import(
            m.StartImport(caller=stage.stranger, list=record.id)
        ),
        lambda: stage.keeper.extend_list(
            m.ExtendList(caller=stage.stranger, list=record.id, fields=("x",))
        ),
        lambda: stage.keeper.look_up(
            m.LookUp(caller=stage.stranger, list=record.id, address="anna@example.com")
        ),
        lambda: stage.keeper.suppress(
            m.Suppress(
                list=record.id,
                tokens=bytes(16),
                reason="bounced",
                caller=stage.stranger,
            )
        ),
    ):
        with pytest.raises(RefusedError):
            act()


def services_touch_and_never_release(stage: Stage) -> None:
    record = _open(stage, "served")

    assert _authorize(stage, stage.app, "view", record.id).kind == "app"
    assert _authorize(stage, stage.intake, "touch", record.id).kind == "intake"
    for caller in (stage.app, stage.intake):
        for right in ("reveal", "export"):
            with pytest.raises(RefusedError):
                _authorize(stage, caller, right, record.id)
        with pytest.raises(RefusedError):
            stage.keeper.look_up(
                m.LookUp(caller=caller, list=record.id, address="anna@example.com")
            )
        assert _show(stage, caller, record.id), "who adds rows needs the schema"


def an_app_key_adds_no_rows(stage: Stage) -> None:
    record = _open(stage, "read-only")

    with pytest.raises(RefusedError):
        stage.keeper.start_import(m.StartImport(caller=stage.app, list=record.id))


def fields_are_only_ever_appended(stage: Stage) -> None:
    record = _open(stage, "growing")

    for fields in (("city",), ("zip", "country")):
        grown = stage.keeper.extend_list(
            m.ExtendList(caller=stage.owner, list=record.id, fields=fields)
        )
    assert grown.fields == ("name", "city", "zip", "country")
    with pytest.raises(ListkeepError):
        stage.keeper.extend_list(
            m.ExtendList(caller=stage.owner, list=record.id, fields=("city",))
        )


def an_address_has_one_token_however_it_is_spelled(stage: Stage) -> None:
    record = _open(stage, "tokens")
    ticket = _start(stage, record)
    first = _seal(stage, ticket, "anna@example.com", "bert@example.com")
    second = _seal(stage, ticket, "Anna@EXAMPLE.com")

    assert first.tokens[:16] == second.tokens
    assert first.tokens[:16] != first.tokens[16:]
    assert first.batch_id != second.batch_id
    found = stage.keeper.look_up(
        m.LookUp(caller=stage.owner, list=record.id, address="ANNA@example.com")
    )
    assert found.token == second.tokens


def a_row_that_is_no_address_gets_no_seal(stage: Stage) -> None:
    ticket = _start(stage, _open(stage, "dirty"))

    sealed = _seal(stage, ticket, "anna@example.com", "nobody", "bert@example.com")

    assert [bool(row) for row in sealed.sealed] == [True, False, True]
    assert len(sealed.tokens) == 48


def an_import_that_has_ended_seals_nothing(stage: Stage) -> None:
    ticket = _start(stage, _open(stage, "ended"))
    _seal(stage, ticket, "anna@example.com")
    stage.keeper.finish_import(m.FinishImport(ticket=ticket, committed=False))

    with pytest.raises(ListkeepError):
        _seal(stage, ticket, "bert@example.com")


def a_token_is_suppressed_once(stage: Stage) -> None:
    record = _open(stage, "suppressed")
    ticket = _start(stage, record)
    tokens = _seal(stage, ticket, "anna@example.com", "bert@example.com").tokens
    both = m.Suppress(list=record.id, tokens=tokens, reason="bounced", ticket=ticket)

    assert stage.keeper.suppress(both).changed == 2
    assert stage.keeper.suppress(both).changed == 0


def an_export_opens_what_was_signed_for_and_no_more(stage: Stage) -> None:
    record = _open(stage, "export")
    batch = _import(stage, record, "anna@example.com", "bert@example.com", "pro")
    stage.keeper.suppress(
        m.Suppress(
            list=record.id,
            tokens=batch.tokens[:16],
            reason="unsubscribed",
            caller=stage.owner,
        )
    )
    request = stage.grant_export(record.id, 'plan = "pro"', 5)

    with stage.keeper.run_export(_run(stage, request), iter([batch])) as age:
        text = stage.open_export(b"".join(age))

    assert "bert@example.com" in text
    assert "anna@example.com" not in text


def a_row_that_was_edited_does_not_open(stage: Stage) -> None:
    record = _open(stage, "edited")
    batch = _import(stage, record, "anna@example.com", "bert@example.com", "free")
    forged = m.RowBatch(
        tokens=batch.tokens,
        batch_ids=batch.batch_ids,
        positions=batch.positions,
        sealed=batch.sealed,
        facets=['["pro"]', '["pro"]'],
    )
    request = stage.grant_export(record.id, 'plan = "pro"', 5)

    with (
        pytest.raises(VerificationError),
        stage.keeper.run_export(_run(stage, request), iter([forged])) as age,
    ):
        b"".join(age)


CONTRACT: tuple[Callable[[Stage], None], ...] = (
    a_caller_nobody_knows_is_refused,
    a_list_is_found_by_its_id_and_by_its_name,
    a_name_is_given_once_in_a_tenant,
    a_stranger_sees_no_list_and_has_no_right_on_it,
    services_touch_and_never_release,
    an_app_key_adds_no_rows,
    fields_are_only_ever_appended,
    an_address_has_one_token_however_it_is_spelled,
    a_row_that_is_no_address_gets_no_seal,
    an_import_that_has_ended_seals_nothing,
    a_token_is_suppressed_once,
    an_export_opens_what_was_signed_for_and_no_more,
    a_row_that_was_edited_does_not_open,
    *KEYS,
    *PEOPLE,
    *SCRUBS,
    *RESTORES,
)


def _authorize(stage: Stage, caller: m.Caller, right: str, list_id: str) -> m.Principal:
    return stage.keeper.authorize(m.Authorize(caller=caller, right=right, list=list_id))


def _show(stage: Stage, caller: m.Caller, name: str) -> tuple[m.ListRecord, ...]:
    """Show what a caller may see; ``not-found`` is one way to say nothing."""
    try:
        return stage.keeper.show_lists(m.ShowLists(caller=caller, list=name)).lists
    except RefusedError as error:
        if error.code is Code.NOT_FOUND:
            return ()
        raise


def _open(stage: Stage, name: str) -> m.ListRecord:
    return stage.keeper.create_list(
        m.CreateList(caller=stage.owner, name=name, facets=FACETS, fields=FIELDS)
    )


def _start(stage: Stage, record: m.ListRecord) -> str:
    return stage.keeper.start_import(
        m.StartImport(caller=stage.owner, list=record.id)
    ).ticket


def _seal(
    stage: Stage, ticket: str, *addresses: str, plan: str = "pro"
) -> m.SealedRows:
    return stage.keeper.seal_rows(
        m.SealRows(
            ticket=ticket,
            addresses=list(addresses),
            fields=['["Anna"]'] * len(addresses),
            facets=[f'["{plan}"]'] * len(addresses),
        )
    )


def _import(
    stage: Stage, record: m.ListRecord, first: str, second: str, plan: str
) -> m.RowBatch:
    ticket = _start(stage, record)
    sealed = _seal(stage, ticket, first, second, plan=plan)
    stage.keeper.finish_import(
        m.FinishImport(ticket=ticket, committed=True, rows=2, added=2, sha256="0" * 64)
    )
    return m.RowBatch(
        tokens=sealed.tokens,
        batch_ids=sealed.batch_id * 2,
        positions=[0, 1],
        sealed=sealed.sealed,
        facets=[f'["{plan}"]'] * 2,
    )


def _run(stage: Stage, request: str) -> m.RunExport:
    return m.RunExport(session=stage.owner.session, request=request, format="csv")
