from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from fido2.webauthn import AuthenticatorData

from listkeep.core.canonical import digest
from listkeep.core.errors import (
    ConflictError,
    ListkeepError,
    MalformedError,
    UnavailableError,
    VerificationError,
)
from listkeep.core.grants import Genesis
from listkeep.core.registry.passkeys import Kind
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.people.genesis import rp_id_of
from listkeep.keeper.project import start
from tests.keeper.forgery import forge
from tests.keeper.instance import tenant_subject
from tests.keeper.world import World


def test_an_instance_begins_with_two_custodians_and_nothing_else(empty: World) -> None:
    empty.found()

    registry = empty.registry
    assert sorted(person.name for person in registry.people.values()) == [
        "cleo",
        "cyrus",
    ]
    assert (registry.keeper, registry.profile) == ("k_demo", "demo")
    assert empty.events() == ["genesis.sealed"]
    assert not registry.tenants
    assert [service.kind for service in registry.services.values()] == ["dock"]


def test_the_seal_origin_and_the_command_line_are_where_signatures_are_made(
    empty: World,
) -> None:
    empty.found()

    party = empty.registry.party
    assert party.rp_id == "seal.localhost"
    assert party.origins == ("http://seal.localhost:8471", "listkeep-cli://k_demo")


@pytest.mark.parametrize(
    "origin",
    [
        *("", "seal.localhost", "http://seal.example.com", "https://Seal.example.com"),
        *("https://seal.example.com/", "https://seal.example.com:0443"),
        *("https://a b", "https://x https://y", "http://localhost.example.com"),
        *("https://user@seal.example.com", "https://-seal.example.com", "ftp://x"),
    ],
)
def test_a_place_that_is_no_origin_of_ours_is_refused(origin: str) -> None:
    with pytest.raises(MalformedError):
        rp_id_of(origin)


def test_passkeys_are_made_for_the_host_of_the_origin() -> None:
    assert rp_id_of("https://seal.example.com:8443") == "seal.example.com"
    assert rp_id_of("http://localhost") == "localhost"


def test_the_genesis_is_pinned_in_the_key_store(empty: World) -> None:
    empty.found()

    pinned = open_store().pinned()
    assert pinned["keeper"] == "k_demo"
    assert len(pinned["genesis"]) == 64


def test_the_instances_files_are_its_own(empty: World) -> None:
    empty.found()

    for path in (
        empty.home / "keeper.sqlite3",
        settings.KEY_STORE,
        *settings.KEY_STORE.iterdir(),
    ):
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_a_second_beginning_is_refused_and_changes_nothing(empty: World) -> None:
    empty.found()
    before = open_store().pinned()
    pair = empty.meet("ada"), empty.meet("amir")
    facts = empty.genesis_facts(pair)

    with pytest.raises(ConflictError):
        start.begin(facts, empty.vouch(facts, pair), now=empty.now)

    assert open_store().pinned() == before
    assert empty.events() == ["genesis.sealed"]


def test_a_beginning_over_a_lost_database_is_refused(empty: World) -> None:
    empty.found()
    before = open_store().pinned()
    empty.leave()
    (empty.home / "keeper.sqlite3").unlink()
    call_command("migrate", verbosity=0)
    pair = empty.meet("ada"), empty.meet("amir")
    facts = empty.genesis_facts(pair)

    with pytest.raises(ConflictError):
        start.begin(facts, empty.vouch(facts, pair), now=empty.now)

    assert open_store().pinned() == before


def test_preparing_twice_keeps_the_root_and_the_ledger(empty: World) -> None:
    empty.found()
    root = (settings.KEY_STORE / "root.key").read_bytes()

    start.prepare()

    assert (settings.KEY_STORE / "root.key").read_bytes() == root
    assert empty.restart().origin == "k_demo"


def test_a_ledger_with_another_genesis_does_not_start(
    empty: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty.found()
    open_store().pin({"genesis": "00" * 32, "keeper": "k_demo"})

    with pytest.raises(VerificationError, match="genesis"):
        empty.restart()


def test_a_key_store_of_another_keeper_does_not_start(empty: World) -> None:
    empty.found()
    pinned = open_store().pinned()
    open_store().pin({**pinned, "keeper": "k_other"})

    with pytest.raises(VerificationError):
        empty.restart()


def test_a_genesis_signed_over_other_facts_does_not_begin(empty: World) -> None:
    start.prepare()
    pair = empty.meet("cleo"), empty.meet("cyrus")
    facts = empty.genesis_facts(pair)
    signed = empty.vouch(facts, pair)

    with pytest.raises(ListkeepError) as caught:
        start.begin({**facts, "profile": "production"}, signed, now=empty.now)
    assert caught.value.family == "verification"


def test_a_genesis_signed_by_one_custodian_twice_does_not_begin(empty: World) -> None:
    start.prepare()
    pair = empty.meet("cleo"), empty.meet("cyrus")
    facts = empty.genesis_facts(pair)
    first, _ = empty.vouch(facts, pair)

    with pytest.raises(VerificationError):
        start.begin(facts, (first, first), now=empty.now)


def test_a_genesis_that_names_one_passkey_for_two_people_does_not_begin(
    empty: World,
) -> None:
    start.prepare()
    cleo = empty.meet("cleo")
    facts = empty.genesis_facts((cleo, cleo))

    with pytest.raises(VerificationError):
        start.begin(facts, empty.vouch(facts, (cleo, cleo)), now=empty.now)


def test_an_instance_that_never_began_does_not_start(empty: World) -> None:
    with pytest.raises(UnavailableError):
        start.check_instance()
    start.prepare()
    with pytest.raises(UnavailableError):
        start.check_instance()


def test_a_database_of_a_newer_version_is_not_opened(empty: World) -> None:
    empty.found()

    MigrationRecorder(connection).record_applied("gate", "9999_from_the_future")

    with pytest.raises(ConflictError) as caught:
        empty.restart()
    assert caught.value.code == "newer-version"


def test_a_database_that_needs_migrating_is_not_opened(empty: World) -> None:
    empty.found()

    [newest] = MigrationLoader(connection).graph.leaf_nodes("gate")
    MigrationRecorder(connection).record_unapplied(*newest)

    with pytest.raises(UnavailableError) as caught:
        empty.restart()
    assert "migrate" in caught.value.hint


def test_a_production_instance_does_not_begin_with_software_passkeys(
    empty: World,
) -> None:
    start.prepare()
    pair = empty.meet("cleo"), empty.meet("cyrus")
    facts = empty.genesis_facts(pair, profile="production")

    with pytest.raises(VerificationError):
        start.begin(facts, empty.vouch(facts, pair), now=empty.now)


def test_a_production_keeper_refuses_software_statements(empty: World) -> None:
    empty.found()
    subject = tenant_subject("acme", "t_acmeacmeacme", empty.subject("ada", "owner"))
    view = empty.draft("cleo", "tenant.add", subject)
    empty.registry.profile = "production"

    with pytest.raises(VerificationError, match="demo profile"):
        empty.sign("cleo", view, "request")


def test_a_production_keeper_enrols_no_passkey_without_attestation(
    empty: World,
) -> None:
    empty.found()
    session = empty.session("cleo")
    empty.registry.profile = "production"

    with pytest.raises(ListkeepError, match="software passkey does not count"):
        empty.draft("cleo", "person.add", empty.subject("sam", "support"))
    empty.meet("sam").kind = Kind.HARDWARE
    with pytest.raises(ListkeepError, match="attestation"):
        empty.draft("cleo", "person.add", empty.subject("sam", "support"))
    assert session


def test_the_profile_of_an_instance_cannot_be_changed_afterwards(
    empty: World,
) -> None:
    empty.found()
    pair = empty.meet("cleo"), empty.meet("cyrus")
    facts = empty.genesis_facts(pair, profile="production")

    with pytest.raises(ConflictError):
        start.begin(facts, empty.vouch(facts, pair), now=empty.now)
    empty.wait(hours=1)
    assert empty.restart().origin == "k_demo"
    assert empty.registry.profile == "demo"
    assert empty.now > empty.registry.latest_at + timedelta(minutes=59)  # type: ignore[operator]


def test_a_custodian_who_was_not_verified_by_the_authenticator_does_not_count(
    empty: World,
) -> None:

    start.prepare()
    pair = empty.meet("cleo"), empty.meet("cyrus")
    facts = empty.genesis_facts(pair)
    _, second = empty.vouch(facts, pair)
    statement = Genesis(
        keeper=facts["keeper"],
        person=pair[0].person,
        credential=pair[0].credential,
        genesis=digest(facts),
    )
    touched_only = forge(pair[0], statement, flags=AuthenticatorData.FLAG.UP)

    with pytest.raises(VerificationError):
        start.begin(facts, (touched_only, second), now=empty.now)
