"""What is signed is what was shown, also when the keeper shows something else."""

import dataclasses
from pathlib import Path

import msgspec
import pytest

from listkeep.cli.commands.request import find_request
from listkeep.cli.home import Instance
from listkeep.cli.output import WrongUsage
from listkeep.cli.signing import confirm, describe_terms, read_terms
from listkeep.core.errors import ListkeepError, VerificationError
from listkeep.core.grants import Action, Decision, Terms
from listkeep.wire import messages as m
from tests.cli.stage import Terminal


@pytest.fixture
def instance(running: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setenv("LISTKEEP_HOME", str(running))
    return Instance.open()


@pytest.fixture
def view(terminal: Terminal, instance: Instance) -> m.RequestView:
    """A request of Ada's, as the keeper shows it."""
    ran = terminal.ok("listkeep freeze --as ada --purpose 'a test' --json")
    found = find_request(instance, ran.json["id"], name="ada")
    again = terminal.ok("listkeep unfreeze --as ada --json")
    terminal.ok(f"listkeep approve {again.json['id']} --yes --as amir")
    return found


def with_terms(view: m.RequestView, terms: Terms) -> m.RequestView:
    return msgspec.structs.replace(view, terms=terms.format())


def test_honest_terms_are_read(instance: Instance, view: m.RequestView) -> None:
    terms = read_terms(instance, view)

    assert terms.action is Action.FREEZE
    assert describe_terms(view, terms)["purpose"] == "a test"


def test_other_terms_under_the_same_name_are_refused(
    instance: Instance, view: m.RequestView
) -> None:
    terms = dataclasses.replace(Terms.parse(view.terms), action=Action.UNFREEZE)

    with pytest.raises(VerificationError, match="not those of this request"):
        read_terms(instance, with_terms(view, terms))


def test_terms_of_another_keeper_are_refused(
    instance: Instance, view: m.RequestView
) -> None:
    terms = dataclasses.replace(Terms.parse(view.terms), keeper="k_aaaaaaaaaaaa")

    with pytest.raises(VerificationError):
        read_terms(instance, with_terms(view, terms))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"action":"freeze"}', b'{ "action":"freeze"}', b"\xff"]
)
def test_bytes_that_are_no_terms_are_refused(
    instance: Instance, view: m.RequestView, data: bytes
) -> None:
    with pytest.raises(ListkeepError):
        read_terms(instance, msgspec.structs.replace(view, terms=data))


@pytest.mark.parametrize("rows", [0, 5, 7, -6])
def test_an_export_is_approved_with_its_very_number_of_rows(
    view: m.RequestView, rows: int
) -> None:
    terms = dataclasses.replace(
        Terms.parse(view.terms), action=Action.EXPORT, cap=6, selection="all"
    )

    confirm(terms, Decision.APPROVE, yes=True, rows=6)
    with pytest.raises(WrongUsage, match="not the number of rows"):
        confirm(terms, Decision.APPROVE, yes=True, rows=rows)


def test_yes_alone_does_not_approve_an_export(view: m.RequestView) -> None:
    terms = dataclasses.replace(
        Terms.parse(view.terms), action=Action.EXPORT, cap=6, selection="all"
    )

    with pytest.raises(WrongUsage, match="nobody is there"):
        confirm(terms, Decision.APPROVE, yes=True, rows=None)
