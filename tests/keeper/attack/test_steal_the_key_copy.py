"""Eve has a copy of all keys, or a share, or a custodian, or bends what was signed."""

import hashlib
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pyrage
import pytest

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import ListkeepError, MalformedError, VerificationError
from listkeep.keeper.gate.custody.key_copies import COPY_FILE, copy_keys
from listkeep.keeper.gate.custody.key_restoring import restore_keys
from listkeep.keeper.gate.endpoint import open_roots, open_store
from listkeep.keeper.gate.models import Draft
from listkeep.keeper.keys import Copy, seal_copy
from listkeep.keeper.ledger.models import Entry
from tests.keeper.copying import (
    HOLDERS,
    agree,
    copy,
    identity,
    lose_keys,
    open_share,
    restore,
    subject,
)
from tests.keeper.instance import refusal
from tests.keeper.losing import copy_database, put_back
from tests.keeper.world import World


def test_a_copy_and_one_share_too_few_open_nothing(
    world: World, tmp_path: Path
) -> None:
    world.list_with_rows()
    folder = tmp_path / "copy"
    copy(world, folder, needed=3)
    keys = open_store().export().values()
    data = (folder / COPY_FILE).read_bytes()

    for names in combinations(HOLDERS, 2):
        shares = [open_share(folder, name) for name in names]
        with pytest.raises(MalformedError, match="it takes 3"):
            Copy.parse(data).open(shares)
        # Saying that fewer are needed does not make it so.
        bent = [replace(share, needed=2) for share in shares]
        with pytest.raises(VerificationError):
            Copy.parse(data).open(bent)
        stolen = data + b"".join(share.format() for share in shares)
        assert not any(key in stolen or key.hex().encode() in stolen for key in keys)


def test_a_share_opens_for_its_holder_only(world: World, tmp_path: Path) -> None:
    copy(world, tmp_path / "copy")
    sealed = (tmp_path / "copy" / "share-cleo.age").read_bytes()

    for name in ("cyrus", "sam", "eve"):
        with pytest.raises(pyrage.DecryptError):
            pyrage.decrypt(sealed, [identity(name)])


def test_a_changed_share_is_named_and_nothing_is_put_back(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    copy(world, folder)
    lose_keys(world)
    world.enter()
    good, bad = open_share(folder, "cleo"), open_share(folder, "sam")
    bad = replace(bad, pieces=bad.pieces[::-1])

    with pytest.raises(VerificationError, match="the share of sam"):
        restore_keys(
            (folder / COPY_FILE).read_bytes(),
            [good.format(), bad.format()],
            folder=world.home / "keys",
            roots=open_roots(),
            now=world.now,
        )
    assert not (world.home / "keys").exists()


@pytest.mark.parametrize("part", ["expires", "needed", "genesis", "share_vera", "body"])
def test_a_changed_copy_opens_nothing(world: World, tmp_path: Path, part: str) -> None:
    folder = tmp_path / "copy"
    copy(world, folder)
    lose_keys(world)
    path = folder / COPY_FILE
    magic, header, sealed = path.read_bytes().split(b"\n", 2)
    if part == "body":
        sealed = sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:]
    else:
        header = encode({**parse(header, max_bytes=16_384), part: "9"})
    path.write_bytes(magic + b"\n" + header + b"\n" + sealed)

    with pytest.raises(VerificationError):
        restore(world, folder, "cleo", "cyrus")
    assert not (world.home / "keys").exists()


def test_one_custodian_alone_has_no_copy_made(world: World, tmp_path: Path) -> None:
    view = world.ask("cleo", "keys.backup", subject(world))

    world.wait(days=6)
    assert (
        refusal(copy_keys, world.gate, view.id, folder=tmp_path / "copy", now=world.now)
        == "not-granted"
    )
    assert refusal(world.sign, "cleo", view, "approve") == "self-approval"
    assert not list(tmp_path.glob("*copy*"))
    assert "keys.backed-up" not in world.events()


def test_two_custodians_copy_nothing_before_a_third_could_object(
    world: World, tmp_path: Path
) -> None:
    world.add_person("carl", "custodian", by=("cleo", "cyrus"))
    world.wait(days=2)  # the instance is not of today any more
    view, later = agree(world), agree(world)

    def made(request: str, name: str) -> str:
        folder = tmp_path / name
        return refusal(copy_keys, world.gate, request, folder=folder, now=world.now)

    assert world.facts(view).signed[-1].decision == "approve"
    assert made(view.id, "copy") == "not-granted"
    world.wait(hours=23, minutes=59)
    assert made(view.id, "copy") == "not-granted"
    world.sign("carl", view, "deny")
    world.wait(minutes=2)

    assert made(view.id, "copy") == "not-granted"
    assert not list(tmp_path.glob("*copy*"))
    assert made(later.id, "other") == "it was not refused"


def test_on_the_first_day_a_copy_is_made_at_once(world: World, tmp_path: Path) -> None:
    assert copy(world, tmp_path / "copy").keys


def test_one_person_holds_no_two_shares(world: World) -> None:
    """Under two names, or with two keys under one."""
    honest = subject(world)
    ids = {name: world.meet(name).person for name in ("cleo", "cyrus", "sam", "ada")}

    def told(*people: str) -> str:
        named = {**honest, "people": " ".join(people)}
        return refusal(world.draft, "cleo", "keys.backup", named)

    twice = told(ids["cleo"], ids["cyrus"], ids["cleo"])
    assert twice == "request-invalid"
    assert told(ids["cleo"], ids["sam"], ids["cyrus"]) == "not-permitted"
    assert told(ids["cleo"], ids["cyrus"]) == "request-invalid"
    without = {name: text for name, text in honest.items() if name != "people"}
    assert refusal(world.draft, "cleo", "keys.backup", without) == "not-permitted"


@pytest.mark.parametrize("name", ["ada", "mallory"])
def test_nobody_from_elsewhere_holds_a_share(world: World, name: str) -> None:
    holders = subject(world)["holders"].replace("sam:", f"{name}:")
    order = sorted(holders.split())
    people = [world.meet(each.partition(":")[0]).person for each in order]
    named = {"holders": " ".join(order), "people": " ".join(people)}

    wanted = {**subject(world), **named}
    assert refusal(world.draft, "cleo", "keys.backup", wanted) == "not-permitted"


def test_whoever_left_meanwhile_gets_no_share(world: World, tmp_path: Path) -> None:
    view = agree(world)
    world.remove("sam", tenant="")

    assert (
        refusal(copy_keys, world.gate, view.id, folder=tmp_path / "copy", now=world.now)
        == "not-permitted"
    )
    assert not list(tmp_path.glob("*copy*"))


@pytest.mark.parametrize("name", ["ada", "ben", "sam", "eve"])
def test_nobody_else_asks_for_a_copy_or_agrees_to_one(world: World, name: str) -> None:
    wanted = subject(world)

    assert refusal(world.draft, name, "keys.backup", wanted) == "not-permitted"
    view = world.ask("cleo", "keys.backup", wanted)
    assert refusal(world.sign, name, view, "approve") != "it was not refused"


def test_no_policy_lets_one_custodian_copy_the_keys(
    world: World, tmp_path: Path
) -> None:
    text = world.registry.policy.texts("")["floor"].replace(
        'action == Action::"keys.backup",\n  resource is Operator\n)\n'
        "when {\n  context.approvals.custodian >= 1 &&\n"
        "  (context.early || context.waited >= 24 * 3600)\n};",
        'action == Action::"keys.backup",\n  resource is Operator\n);',
    )
    assert text != world.registry.policy.texts("")["floor"]
    digest = {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    view = world.ask("cleo", "policy.set", digest, policy=text)
    assert world.sign("cyrus", view, "approve").state == "done"

    asked = world.ask("cleo", "keys.backup", subject(world))
    act = refusal(
        copy_keys, world.gate, asked.id, folder=tmp_path / "copy", now=world.now
    )
    assert act != "it was not refused"


def test_holders_that_are_swapped_after_the_first_signature_do_not_count(
    world: World, tmp_path: Path
) -> None:
    """In the draft, before anybody signed: the request is not this one any more."""
    view = world.draft("cleo", "keys.backup", subject(world))
    row = Draft.objects.get(id=view.id)
    mallory = str(pyrage.x25519.Identity.generate().to_public())
    row.terms = bytes(row.terms).replace(
        str(identity("sam").to_public()).encode(), mallory.encode()
    )
    row.save()

    assert refusal(world.sign, "cleo", view, "request") == "not-found"


def test_holders_come_from_what_was_signed_and_from_nowhere_else(
    world: World, tmp_path: Path
) -> None:
    """In the database, after both signed: that ledger is not gone on with."""
    view = agree(world)
    mallory = str(pyrage.x25519.Identity.generate().to_public())
    for entry in Entry.objects.all():
        if str(identity("sam").to_public()).encode() in bytes(entry.body):
            entry.body = bytes(entry.body).replace(
                str(identity("sam").to_public()).encode(), mallory.encode()
            )
            entry.save()

    copy_keys(world.gate, view.id, folder=tmp_path / "copy", now=world.now)
    assert open_share(tmp_path / "copy", "sam")  # from memory, as they signed
    with pytest.raises(ListkeepError):
        world.restart()


def test_a_copy_of_somebody_elses_making_is_not_put_back(
    world: World, tmp_path: Path
) -> None:
    """Eve seals keys she knows, for shares she made, and offers them after a loss."""
    folder = tmp_path / "copy"
    copy(world, folder)
    data = (folder / COPY_FILE).read_bytes()
    known = Copy.parse(data)
    content = known.open([open_share(folder, name) for name in ("cleo", "cyrus")])
    state = {**content.keys, "state": bytes(32)}  # with which she makes sessions
    facts = {
        name: value
        for name, value in known.unverified_facts.items()
        if not name.startswith("share_")
    }
    forged, shares = seal_copy(
        type(content)(
            keys=state,
            pin=content.pin,
            mark_size=content.mark_size,
            mark_root=content.mark_root,
            makers={},
        ),
        facts,
        holders=HOLDERS,
        random=bytes,
    )
    lose_keys(world)
    world.enter()

    code = refusal(
        restore_keys,
        forged,
        [share.format() for share in shares],
        folder=world.home / "keys",
        roots=open_roots(),
        now=world.now,
    )
    assert code == "not-found"
    assert not [p for p in (world.home / "keys").glob("*.key") if p.stem != "root"]


def test_a_ledger_from_before_the_copy_is_not_taken_for_the_newest(
    world: World, tmp_path: Path
) -> None:
    """Keys and database put back together, the database older: refused."""
    world.leave()
    older = (world.home / "keeper.sqlite3").read_bytes()
    world.enter()
    copy(world, tmp_path / "copy")
    lose_keys(world)
    for path in world.home.glob("keeper.sqlite3*"):
        path.unlink()
    (world.home / "keeper.sqlite3").write_bytes(older)

    with pytest.raises(VerificationError, match="an old copy was put back"):
        restore(world, tmp_path / "copy", "cleo", "cyrus")


@pytest.mark.parametrize("entries", [1, 3])  # one, and the restore's own replaces it
def test_a_ledger_shorter_than_the_keys_remember_is_refused_before_anything_is_written(
    world: World, tmp_path: Path, entries: int
) -> None:
    """An older database, and some keys lost, so that keys have to be put back."""
    rows = world.list_with_rows()
    copy(world, tmp_path / "copy")
    older = copy_database(world)
    for number in range(entries):
        world.create_list(f"later-{number}")
    put_back(world, older)
    (world.home / "keys" / f"list-{rows.list_id}.key").unlink()
    before, keys = len(world.entries()), folder_of(world)

    with pytest.raises(VerificationError):
        restore(world, tmp_path / "copy", "cleo", "cyrus")

    assert len(world.entries()) == before
    assert folder_of(world) == keys


def test_a_key_that_differs_is_told_before_anything_is_written(
    world: World, tmp_path: Path
) -> None:
    rows = world.list_with_rows()
    world.list_with_rows(name="autumn")
    copy(world, tmp_path / "copy")
    names = sorted(world.gate.store.key_ids())
    store = open_store()
    store.destroy(names[0])  # would be the first to come back
    store.destroy(f"list-{rows.list_id}")
    store.create(f"list-{rows.list_id}")
    before, keys = len(world.entries()), folder_of(world)

    assert refusal(restore, world, tmp_path / "copy", "cleo", "cyrus") == (
        "already-exists"
    )

    assert len(world.entries()) == before
    assert folder_of(world) == keys


def folder_of(world: World) -> dict[str, bytes]:
    paths = (world.home / "keys").glob("*.key")
    return {path.name: path.read_bytes() for path in paths}
