"""Bad input of every kind: a clear error, its exit status, a hint, and nothing lost.

The last test reads everything that was said and written meanwhile, and looks for
the planted addresses in it.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from listkeep.drill.loot import Loot
from listkeep.drill.people import SoftwarePerson
from listkeep.wire import messages as m
from listkeep.wire.dock import DockClient

from .conftest import MARKER, World, import_file
from .releases import (
    asked_export,
    granted_export,
    run_export,
    statement,
    submit,
    take_rows,
)

ADDRESS = f"anna.{MARKER}@example.com"
HEADER = b"Email Address,First Name\r\n"
GOOD = HEADER + f"{ADDRESS},Anna\r\n".encode()


@pytest.fixture(autouse=True)
def _list_is_as_it_was(world: World) -> object:
    """Whatever a test does to the newsletter, its tokens are the same afterwards."""
    before = _tokens(world)
    yield
    assert _tokens(world) == before
    return None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00" * 50, "not text"),
        (GOOD.decode().encode("utf-16-le"), "UTF-16 without its mark"),
        (HEADER + b"x" * 10_000_000 + b"\r\n", "line"),
        (b"Name,City\r\nAnna,Oslo\r\n", "address"),
        (HEADER + b"not an address,Anna\r\nneither this,Ben\r\n", "row"),
        (b'{"this is": "not a list"', "JSON object"),
    ],
    ids=["empty", "binary", "utf-16", "10-MB-line", "header", "no-valid-row", "json"],
)
def test_a_file_that_is_not_a_list_is_refused_whole(
    world: World, tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)

    said = world.run("import", "newsletter", str(file), "--as", "ben")

    assert said.status == 3, said.err
    assert said.out == ""
    assert words.lower() in said.err.lower()
    assert "listkeep: hint: " in said.err


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("count", "nowhere"), 4, "no such list"),
        (("count", "newsletter", "--segment", 'nothing = "x"'), 3, "nothing"),
        (("count", "newsletter", "--segment", 'plan = "free'), 3, "column"),
        (("tokens", "nowhere"), 4, "no such list"),
        (("list", "create", "bad", "--facet", "plan:colour"), 3, "name:type"),
        (("list", "create", "newsletter"), 5, "name"),
        (("sign", "r_aaaaaaaaaaaa", "--yes"), 4, "no such request"),
        (("reveal", "r_aaaaaaaaaaaa"), 4, "used already"),
    ],
)
def test_an_unknown_name_is_an_error_with_a_hint(
    world: World, words: tuple[str, ...], status: int, says: str
) -> None:
    said = world.run(*words, "--as", "ben")

    assert said.status == status, said.err
    assert says in said.err
    assert "listkeep: hint: " in said.err


def test_another_tenants_owner_is_told_that_there_is_no_such_list(
    world: World,
) -> None:
    said = world.run("count", "newsletter", "--as", "eve")

    assert said.status == 4
    assert "no such list" in said.err


def test_an_export_above_what_the_keeper_was_asked_for_is_refused(
    world: World,
) -> None:
    view = granted_export(world, cap=10)
    taken = take_rows(world, 11)

    with pytest.raises(RefusedError) as caught:
        run_export(world, view, taken)

    assert caught.value.code is Code.CAP_EXCEEDED


def test_a_request_is_used_once(world: World) -> None:
    view = granted_export(world, cap=5)
    assert run_export(world, view, take_rows(world, 5))

    with pytest.raises(RefusedError) as caught:
        run_export(world, view, take_rows(world, 5))

    assert caught.value.code is Code.REPLAYED


def test_nobody_approves_an_own_request(world: World) -> None:
    view = asked_export(world)

    said = world.run("approve", view.id, "--rows", "10", "--yes", "--as", "ben")

    assert said.status == 4
    assert "own request" in said.err


def test_a_second_passkey_of_the_same_person_is_no_second_person(
    world: World, tmp_path: Path
) -> None:
    second = SoftwarePerson.create(tmp_path, "ben")
    second.person = world.stage.people["ben"].person
    view = asked_export(world)

    with pytest.raises(VerificationError) as caught:
        submit(world, view, second, "approve")

    assert caught.value.code is Code.CREDENTIAL_UNKNOWN


def test_somebody_elses_passkey_does_not_sign_for_the_owner(
    world: World, tmp_path: Path
) -> None:
    forger = SoftwarePerson.create(tmp_path, "ada")
    ada = world.stage.people["ada"]
    forger.person, forger.credential = ada.person, ada.credential
    view = asked_export(world)

    with pytest.raises(VerificationError) as caught:
        submit(world, view, forger, "approve")

    assert caught.value.code is Code.SIGNATURE_INVALID


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b'"approve"', b'"approve","decision":"approve"'),
        lambda data: data.replace(b'":"', b'": "', 1),
        lambda data: data[:-1],
        lambda data: data.replace(b'"person"', b'"persona"'),
        lambda data: b"[" + data + b"]",
        lambda data: b"\xff" + data,
    ],
    ids=["duplicate-key", "not-canonical", "cut", "other-field", "array", "no-text"],
)
def test_a_statement_in_any_other_spelling_is_malformed(
    world: World, change: Callable[[bytes], bytes]
) -> None:
    view = asked_export(world)
    assertion = statement(world, view, world.stage.people["ada"], "approve")
    changed = m.Assertion(
        statement=change(assertion.statement),
        authenticator_data=assertion.authenticator_data,
        client_data=assertion.client_data,
        signature=assertion.signature,
    )

    with pytest.raises(MalformedError):
        world.keeper.submit_statement(
            m.SubmitStatement(request=view.id, assertion=changed)
        )


def test_terms_changed_after_signing_are_not_what_was_signed(world: World) -> None:
    view = asked_export(world)
    other = m.RequestView(
        id=view.id,
        terms=view.terms.replace(b'"cap":"10"', b'"cap":"99"'),
        state=view.state,
        missing=view.missing,
        facts=view.facts,
        signed_by=view.signed_by,
    )

    with pytest.raises(VerificationError):
        submit(world, other, world.stage.people["ada"], "approve")


@pytest.mark.parametrize("what", ["sealed", "facets", "swapped", "token", "position"])
def test_a_row_changed_in_the_docks_database_does_not_open(
    world: World, what: str
) -> None:
    view = granted_export(world, cap=5)
    taken = take_rows(world, 2)
    first, second = taken
    changed = {
        "sealed": (*first[:3], first[3][:-1] + bytes([first[3][-1] ^ 1]), first[4]),
        "facets": (*first[:4], first[4].replace("free", "pro").replace("[", "[", 1)),
        "swapped": (*first[:3], second[3], first[4]),
        "token": (second[0], *first[1:]),
        "position": (*first[:2], first[2] + 1, *first[3:]),
    }[what]
    if changed == first:
        pytest.fail("the change changed nothing")

    with pytest.raises(VerificationError) as caught:
        run_export(world, view, [changed])

    assert caught.value.code is Code.ROW_INVALID


def test_a_row_of_another_list_does_not_open(world: World, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_bytes(GOOD)
    import_file(world, file, into="other")
    view = granted_export(world, cap=5)

    with pytest.raises(VerificationError):
        run_export(world, view, take_rows(world, 1, of="other"))


def test_two_imports_at_once_are_one_and_a_conflict(world: World) -> None:
    release = threading.Event()

    class Slow:
        """A file whose second half does not come before it may."""

        def __init__(self) -> None:
            self.parts = [HEADER, GOOD[len(HEADER) :]]

        def read(self, _size: int = -1) -> bytes:
            part = self.parts.pop(0) if self.parts else b""
            if not self.parts and part:
                release.wait(60)
            return part

    with world.dock("ben") as slow:
        source = slow.begin_import("other")

        def send() -> None:
            slow.send_file(source.id, Slow(), size_bytes=len(GOOD))  # type: ignore[arg-type]

        thread = threading.Thread(target=send)
        thread.start()
        try:
            with world.dock("ada") as dock:
                _wait_until_receiving(dock, source.id)
                with pytest.raises(ConflictError) as caught:
                    dock.begin_import("other")
            assert caught.value.code is Code.BUSY
            assert caught.value.hint
        finally:
            release.set()
            thread.join(60)


def _wait_until_receiving(dock: DockClient, import_id: str) -> None:
    for _ in range(400):
        if dock.show_import(import_id).state == "receiving":
            return
        time.sleep(0.05)
    pytest.fail("the first import did not begin")


def test_a_draft_edited_in_the_keepers_database_is_not_signed(world: World) -> None:
    view = world.keeper.draft_request(
        m.DraftRequest(
            session=world.stage.direct["ben"],
            action="export",
            purpose="a test",
            list="newsletter",
            selection="all",
            cap=10,
            recipient="warehouse",
            valid_seconds=60,
        )
    )
    with closing(sqlite3.connect(world.home / "keeper.sqlite3")) as database:
        database.execute(
            "UPDATE gate_draft SET terms = replace(terms, 'a test', 'a fest')"
            " WHERE id = ?",
            (view.id,),
        )
        database.commit()

    with pytest.raises(ListkeepError):
        submit(world, view, world.stage.people["ben"], "request")


def test_without_a_keeper_commands_say_what_to_do(world: World, tmp_path: Path) -> None:
    elsewhere = tmp_path / "var"
    elsewhere.mkdir()
    (elsewhere / "cli.toml").write_text((world.home / "cli.toml").read_text())
    before, world.home = world.home, elsewhere
    try:
        said = world.run("login", "--as", "ben")
        status = world.run("status")
    finally:
        world.home = before

    assert said.status == 6
    assert "listkeep: hint: " in said.err
    assert status.status == 6


def test_nothing_that_was_said_or_written_holds_a_planted_address(
    world: World,
) -> None:
    planted = (*world.audience.planted_addresses, ADDRESS)
    loot = Loot(planted, MARKER)
    loot.take_folder(world.home, without=("demo", "cli"))
    loot.take("".join(world.said))
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                arguments = (process / "cmdline").read_bytes()
                environment = (process / "environ").read_bytes()
            except OSError:
                continue
            if b"listkeep" in arguments:
                loot.take(arguments + environment)

    assert loot.found == set()
    assert len(world.said) > 10


def _tokens(world: World) -> str:
    with closing(sqlite3.connect(world.home / "dock.sqlite3")) as database:
        rows = database.execute(
            "SELECT list_id, hex(token), status FROM entry ORDER BY 1, 2"
        ).fetchall()
    with world.dock("ada") as dock:
        newsletter = dock.show_list("newsletter").id
    return json.dumps([row for row in rows if row[0] == newsletter])
