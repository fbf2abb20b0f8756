"""An auditor who has the entries and the genesis, and trusts nobody."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from listkeep.cli.replaying import Audit, Source, audit, open_requests, read_file
from listkeep.cli.replaying import read_live as read_from
from listkeep.core.errors import RefusedError, VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.heads import format_extension, heads_root
from listkeep.core.ledger.note import Checkpoint, NoteKey, NoteSigner, sign_note
from listkeep.core.ledger.tree import leaf_hash
from listkeep.wire import messages as m
from tests.cli.stage import Terminal
from tests.core.registry.scribe import ACME, KEEPER, Scribe, changed, meet

SECRET = Ed25519PrivateKey.generate()
KEY = NoteKey(KEEPER, SECRET.public_key().public_bytes_raw())


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


def checkpoint(scribe: Scribe, name: str = KEEPER) -> bytes:
    registry = scribe.registry
    head = registry.frontier.head
    heads = format_extension(heads_root(registry.heads))
    signer = NoteSigner(NoteKey(name, KEY.public_key), SECRET.sign)
    return sign_note(Checkpoint(name, head.size, head.root, (heads,)).format(), signer)


def write(path: Path, scribe: Scribe, signed: bytes | None = None) -> Path:
    head = checkpoint(scribe) if signed is None else signed
    path.write_bytes(head + b"\n" + b"".join(body + b"\n" for body in scribe.bodies))
    return path


def replayed(scribe: Scribe, path: Path, key: NoteKey | None = KEY) -> Audit:
    genesis = scribe.registry.pinned["genesis"]
    return audit(read_file(path), genesis=genesis, key=key)


def test_the_registry_follows_from_the_file_alone(
    scribe: Scribe, tmp_path: Path
) -> None:
    waiting = scribe.ask_export()
    scribe.sign("amir", scribe.ask_export(), "deny")

    found = replayed(scribe, write(tmp_path / "ledger", scribe))

    assert found.registry.people == scribe.registry.people
    assert found.walk.frontier == scribe.registry.frontier
    assert found.is_signed
    assert [request.id for request in open_requests(found)] == [waiting.id]
    assert found.newest["event"] == "request.denied"


def test_everybody_is_led_back_to_a_request_or_the_genesis(
    scribe: Scribe, tmp_path: Path
) -> None:
    found = replayed(scribe, write(tmp_path / "ledger", scribe))

    cleo, ben = (found.changes[meet(name).person] for name in ("cleo", "ben"))
    assert (cleo.index, cleo.request) == (0, "")
    request = found.registry.requests[ben.request]
    assert request.terms.subject_fields()["id"] == meet("ben").person
    assert {found.names[s.person] for s in request.signed} == {"ada", "amir"}
    assert set(found.changes) == {
        *found.registry.tenants,
        *found.registry.people,
        *found.registry.services,
        *found.registry.recipients,
    }


def test_an_expired_request_is_not_open(scribe: Scribe, tmp_path: Path) -> None:
    scribe.ask_export()
    scribe.wait(days=8)
    scribe.write(Event.RELEASE_REFUSED, {"what": "export", "code": "expired"})

    assert open_requests(replayed(scribe, write(tmp_path / "l", scribe))) == []


def test_who_was_revoked_still_has_a_name_where_they_signed(
    scribe: Scribe, tmp_path: Path
) -> None:
    about = {"id": meet("ben").person}
    scribe.carry_out(
        Event.PERSON_REVOKED, scribe.ask("ada", "person.revoke", about, tenant=ACME)
    )

    found = replayed(scribe, write(tmp_path / "ledger", scribe))

    assert meet("ben").person not in found.registry.people
    assert found.names[meet("ben").person] == "ben"


# --- what is refused, and where ---


def drop(scribe: Scribe) -> None:
    del scribe.bodies[4]


def swap(scribe: Scribe) -> None:
    scribe.bodies[4], scribe.bodies[5] = scribe.bodies[5], scribe.bodies[4]


def promote(scribe: Scribe) -> None:
    scribe.bodies[4] = changed(scribe.bodies[4], person=meet("eve").person)


def spoil(scribe: Scribe) -> None:
    scribe.bodies[4] = b"{}"


def forge(scribe: Scribe) -> None:
    """Announce a change whose request has one signature of the two it takes."""
    scribe.bodies[4:] = [scribe.bodies[4], scribe.bodies[6]]


def repeat(scribe: Scribe) -> None:
    scribe.bodies.insert(1, scribe.bodies[0])


@pytest.mark.parametrize(
    ("bend", "where"),
    [(drop, 4), (swap, 4), (promote, 4), (spoil, 4), (forge, 5), (repeat, 1)],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_bent_ledger_is_refused_at_its_entry(
    scribe: Scribe, tmp_path: Path, bend: Callable[[Scribe], None], where: int
) -> None:
    bend(scribe)

    with pytest.raises(VerificationError, match=f"entry {where}: ") as caught:
        replayed(scribe, write(tmp_path / "ledger", scribe), key=None)
    assert caught.value.hint


def test_another_genesis_is_refused_at_the_first_entry(
    scribe: Scribe, tmp_path: Path
) -> None:
    path = write(tmp_path / "ledger", scribe)

    with pytest.raises(VerificationError, match="entry 0: "):
        audit(read_file(path), genesis="00" * 32, key=None)


def test_a_cut_ledger_is_refused_by_whoever_has_the_key(
    scribe: Scribe, tmp_path: Path
) -> None:
    signed = checkpoint(scribe)
    del scribe.bodies[-1]
    path = write(tmp_path / "ledger", scribe, signed)

    with pytest.raises(VerificationError, match="about other entries"):
        replayed(scribe, path)
    assert not replayed(scribe, path, key=None).is_signed


@pytest.mark.parametrize(
    "signed", [b"", b"k_demo\n1\n\n", b"\xff\xfe\n"], ids=["none", "cut", "bytes"]
)
def test_a_ledger_without_its_checkpoint_is_not_complete(
    scribe: Scribe, tmp_path: Path, signed: bytes
) -> None:
    with pytest.raises(VerificationError, match="its checkpoint"):
        replayed(scribe, write(tmp_path / "ledger", scribe, signed))


def test_a_checkpoint_of_another_name_is_not_believed(
    scribe: Scribe, tmp_path: Path
) -> None:
    path = write(tmp_path / "ledger", scribe, checkpoint(scribe, "k_other"))

    for key in (KEY, NoteKey("k_other", KEY.public_key)):
        with pytest.raises(VerificationError, match="its checkpoint"):
            replayed(scribe, path, key)


def test_heads_of_lists_that_were_not_signed_are_refused(
    scribe: Scribe, tmp_path: Path
) -> None:
    scribe.registry.heads.clear()
    path = write(tmp_path / "ledger", scribe, checkpoint(scribe))

    with pytest.raises(VerificationError, match="newest entries of its lists"):
        replayed(scribe, path)


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 200_000, b"PK\x03\x04\n{"])
def test_what_is_no_ledger_is_refused(
    scribe: Scribe, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(content)

    with pytest.raises(VerificationError):
        replayed(scribe, path)


# --- from a keeper ---


def pages(scribe: Scribe, hidden: int = -1, stop: int = 99) -> Callable[[int], object]:
    def read(start: int) -> m.LedgerPage:
        entries = tuple(
            m.LedgerEntry(
                index=index,
                leaf=leaf_hash(body),
                body=b"" if index == hidden else body,
            )
            for index, body in enumerate(scribe.bodies[:stop])
        )[start : start + 5]
        return m.LedgerPage(
            entries=entries, checkpoint=checkpoint(scribe), ledger_key=KEY.format()
        )

    return read


def live(scribe: Scribe, **lies: int) -> Source:
    return read_from(pages(scribe, **lies), key=KEY)  # type: ignore[arg-type]


def test_a_running_keeper_is_replayed_the_same_way(scribe: Scribe) -> None:
    found = audit(live(scribe), genesis=scribe.registry.pinned["genesis"], key=KEY)

    assert found.walk.frontier == scribe.registry.frontier


def test_who_may_not_read_everything_cannot_replay(scribe: Scribe) -> None:
    with pytest.raises(RefusedError, match="not every entry"):
        list(live(scribe, hidden=6).bodies)


def test_a_keeper_that_stops_early_is_refused(scribe: Scribe) -> None:
    with pytest.raises(VerificationError, match="ends before"):
        list(live(scribe, stop=8).bodies)


# --- at the terminal, where there is no instance ---


def test_an_auditor_needs_no_instance(
    bare: Terminal, scribe: Scribe, tmp_path: Path
) -> None:
    scribe.ask_export()
    write(tmp_path / "ledger.txt", scribe)
    pins = f"--genesis {scribe.registry.pinned['genesis']} --key {KEY.format()}"

    told = bare.ok(f"listkeep registry verify ledger.txt {pins}").stdout
    facts = bare.ok(f"listkeep registry verify ledger.txt {pins} --json").json

    assert "ada asked 2026-01-05T12:00:00Z; amir approved" in told
    assert (facts["verified"], facts["complete"]) == (True, True)
    assert {p["name"]: p["role"] for p in facts["people"]}["ben"] == "marketer"
    assert [r["action"] for r in facts["requests"]] == ["export"]
    shown = bare.ok(f"listkeep registry show ledger.txt --what recipients {pins}")
    assert "printer" in shown.stdout


def test_an_auditor_says_which_genesis(
    bare: Terminal, scribe: Scribe, tmp_path: Path
) -> None:
    write(tmp_path / "ledger.txt", scribe)

    ran = bare("listkeep registry verify ledger.txt")
    both = bare("listkeep registry verify --genesis 00")

    assert (ran.status, both.status) == (2, 2)
    assert "which genesis" in ran.stderr
    assert "--live" in both.stderr


def test_a_bent_file_ends_with_status_1_and_shows_nothing(
    bare: Terminal, scribe: Scribe, tmp_path: Path
) -> None:
    promote(scribe)
    write(tmp_path / "ledger.txt", scribe)
    genesis = scribe.registry.pinned["genesis"]

    ran = bare(f"listkeep registry verify ledger.txt --genesis {genesis} --json")

    assert (ran.status, ran.stdout) == (1, "")
    assert "entry 4: " in ran.stderr


def test_a_missing_end_is_admitted_without_a_key(
    bare: Terminal, scribe: Scribe, tmp_path: Path
) -> None:
    write(tmp_path / "ledger.txt", scribe, b"")
    genesis = scribe.registry.pinned["genesis"]

    ran = bare.ok(f"listkeep registry verify ledger.txt --genesis {genesis} --json")

    assert json.loads(ran.stdout)["complete"] is False
    assert "no key was given" in ran.stderr
