import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from listkeep.core.errors import ListkeepError
from listkeep.core.grants import Enrol
from listkeep.core.registry.keyring import format_keys
from listkeep.core.registry.passkeys import Kind
from listkeep.core.registry.words import six_words
from listkeep.keeper.gate.models import Enrolment
from listkeep.keeper.gate.people import enrolments
from listkeep.keeper.gate.people.enrolments import Attested
from tests.fakes.authenticator import FLAG, Authenticator, Maker
from tests.keeper.enrolling import (
    enrol,
    finish,
    invite,
    link_of,
    look,
    make,
    sign_with,
)
from tests.keeper.instance import (
    ACME,
    KEEPER,
    SEAL_ORIGIN,
    refusal,
    tenant_subject,
)
from tests.keeper.world import World

MODEL = "2fc0579f-8113-47ea-b116-bb5a8db9202a"


def as_owner(subject: dict[str, str]) -> dict[str, str]:
    return tenant_subject("third", "t_thirdthirdth", subject)


def test_a_link_says_who_is_invited_to_what(world: World) -> None:
    invitation = invite(world, "ada", "nils", "marketer", team="blue")
    shown = look(world, link_of(invitation))

    assert link_of(invitation).startswith(f"{SEAL_ORIGIN}/enrol#e_")
    assert (shown.keeper, shown.tenant_name) == (KEEPER, "acme")
    assert (shown.role, shown.name, shown.keys) == ("marketer", "nils", ())
    assert look(world, f"{invitation.id}.{invitation.secret}") == shown


def test_two_passkeys_over_a_link_become_a_person_with_two_keys(world: World) -> None:
    invitation = invite(world, "ada", "nils", "marketer")
    first, second = Authenticator(), Authenticator(flags=FLAG.UP | FLAG.UV | FLAG.BE)
    words = enrol(world, link_of(invitation), first, second)
    subject = enrolments.subject_of(world.gate, invitation.id)

    view = world.ask("ada", "person.add", subject, proofs=())
    assert world.sign("amir", view, "approve").state == "done"

    nils = world.registry.people[subject["id"]]
    assert [key.id for key in nils.credentials] == [first.id, second.id]
    assert [key.kind for key in nils.credentials] == [Kind.HARDWARE, Kind.SYNCED]
    assert (
        words == six_words(format_keys(nils.credentials)) == six_words(subject["keys"])
    )
    assert world.restart().origin == KEEPER
    assert world.registry.people[subject["id"]] == nils


def test_a_browsers_passkey_signs_what_counts(world: World) -> None:
    invitation = invite(world, "ada", "olga", "owner")
    device = Authenticator()
    enrol(world, link_of(invitation), device)
    subject = enrolments.subject_of(world.gate, invitation.id)
    view = world.ask("ada", "person.add", subject, proofs=())
    world.sign("amir", view, "approve")

    view = world.ask("ada", "person.add", world.subject("nele", "marketer"))
    assert sign_with(world, device, subject["id"], view, "approve").state == "done"


def test_a_custodian_invites_the_first_owner_of_a_new_tenant(world: World) -> None:
    invitation = invite(world, "cleo", "tom", "owner", tenant="third")
    assert look(world, link_of(invitation)).tenant_name == "third"
    enrol(world, link_of(invitation), Authenticator())
    subject = enrolments.subject_of(world.gate, invitation.id)

    view = world.ask("cleo", "tenant.add", as_owner(subject), proofs=())
    assert world.sign("cyrus", view, "approve").state == "done"
    assert world.registry.people[subject["id"]].tenant == "t_thirdthirdth"


def test_what_was_enrolled_for_one_place_is_not_signed_for_at_another(
    world: World,
) -> None:
    invitation = invite(world, "cleo", "tom", "owner", tenant="third")
    enrol(world, link_of(invitation), Authenticator())
    subject = enrolments.subject_of(world.gate, invitation.id)

    fourth = {**as_owner(subject), "name": "fourth"}
    assert refusal(world.draft, "cleo", "tenant.add", fourth) == "request-invalid"
    assert refusal(world.draft, "ada", "person.add", subject) == "request-invalid"


@pytest.mark.parametrize(
    "change", [{"role": "owner"}, {"name": "nele"}, {"team": "red"}], ids=str
)
def test_what_was_enrolled_for_one_role_is_not_signed_for_as_another(
    world: World, change: dict[str, str]
) -> None:
    invitation = invite(world, "ada", "nils", "marketer")
    enrol(world, link_of(invitation), Authenticator())
    subject = enrolments.subject_of(world.gate, invitation.id)

    code = refusal(world.draft, "ada", "person.add", {**subject, **change})
    assert code == "request-invalid"


@pytest.mark.parametrize(
    ("by", "role", "tenant"),
    [
        ("ben", "marketer", ""),
        ("sam", "support", ""),
        ("sam", "owner", "third"),
        ("ada", "custodian", ""),
        ("ada", "marketer", "other"),
        ("eve", "marketer", "acme"),
        ("cleo", "marketer", "acme"),
        ("cleo", "owner", "acme"),
        ("cleo", "owner", ACME),
        ("cleo", "owner", ""),
        ("cleo", "marketer", "third"),
        ("cleo", "support", "acme"),
    ],
)
def test_nobody_invites_where_they_may_not_add(
    world: World, by: str, role: str, tenant: str
) -> None:
    assert refusal(invite, world, by, "nils", role, tenant=tenant) == "not-permitted"


@pytest.mark.parametrize(
    ("role", "name"), [("king", "nils"), ("owner", "Nils Nobody"), ("owner", "")]
)
def test_an_invitation_names_a_role_and_a_name(
    world: World, role: str, name: str
) -> None:
    assert refusal(invite, world, "ada", name, role) == "request-invalid"


def test_a_person_invites_fifty_times_a_week(world: World) -> None:
    for number in range(50):
        invite(world, "ada", f"guest{number}", "marketer")

    assert refusal(invite, world, "ada", "guest", "marketer") == "budget-spent"
    assert invite(world, "amir", "guest", "marketer").id
    world.wait(days=7, seconds=1)
    assert invite(world, "ada", "guest", "marketer").id


def test_the_ledger_tells_of_enrolments_without_secrets(world: World) -> None:
    invitation = invite(world, "ada", "nils", "marketer")
    device = Authenticator()
    enrol(world, link_of(invitation), device)

    opened, completed = world.entries()[-2:]
    assert opened["event"] == "enrolment.opened"
    assert completed["event"] == "enrolment.completed"
    assert opened["person"] == world.meet("ada").person
    assert opened["for_person"] == completed["person"]
    assert len(completed["keys_sha256"]) == 64
    text = str((opened, completed))
    assert invitation.secret not in text
    assert device.id not in text


def test_a_link_ends_after_a_week(world: World) -> None:
    link = link_of(invite(world, "ada", "nils", "marketer"))
    world.wait(days=6, hours=23, minutes=59)
    make(world, link, Authenticator())

    world.wait(minutes=1)
    assert refusal(look, world, link) == "not-found"
    assert refusal(finish, world, link) == "not-found"


def test_a_finished_link_is_over(world: World) -> None:
    link = link_of(invite(world, "ada", "nils", "marketer"))
    challenge = look(world, link).challenge
    enrol(world, link, Authenticator())
    device = Authenticator()

    assert refusal(look, world, link) == "not-found"
    assert refusal(finish, world, link) == "not-found"
    code = refusal(
        enrolments.add_key,
        world.gate,
        link,
        Attested(*device.make(challenge)),
        device.prove(keeper=KEEPER, person="p_anybodyanybo"),
        now=world.now,
    )
    assert code == "not-found"


def test_an_enrolment_without_a_passkey_is_not_finished(world: World) -> None:
    link = link_of(invite(world, "ada", "nils", "marketer"))

    assert refusal(finish, world, link) == "not-permitted"
    make(world, link, Authenticator())
    assert finish(world, link).count(" ") == 5


def test_a_fifth_passkey_is_refused(world: World) -> None:
    link = link_of(invite(world, "ada", "nils", "marketer"))
    for _ in range(4):
        make(world, link, Authenticator())

    assert refusal(make, world, link, Authenticator()) == "already-exists"
    assert len(look(world, link).keys) == 4


def test_a_page_that_cannot_read_a_key_is_told_what_to_sign(world: World) -> None:
    link = link_of(invite(world, "ada", "nils", "marketer"))
    shown = look(world, link)
    device = Authenticator()
    attested = Attested(*device.make(shown.challenge))

    body = enrolments.statement_to_sign(world.gate, link, attested, now=world.now)

    proof = device.sign(Enrol.parse(body))
    added = enrolments.add_key(world.gate, link, attested, proof, now=world.now)
    assert [key.id for key in added.keys] == [device.id]


def test_the_inviting_side_sees_how_far_it_is(world: World) -> None:
    invitation = invite(world, "ada", "nils", "marketer")
    link = link_of(invitation)

    def seen(name: str) -> list[tuple[str, str]]:
        person = world.registry.people[world.meet(name).person]
        views = enrolments.show_enrolments(world.gate, person, now=world.now)
        return [(view.state, view.words) for view in views]

    assert seen("ada") == seen("amir") == [("open", "")]
    assert seen("eve") == seen("cleo") == seen("ben") == seen("sam") == []
    words = enrol(world, link, Authenticator())
    assert seen("ada") == [("finished", words)]
    subject = enrolments.subject_of(world.gate, invitation.id)
    view = world.ask("ada", "person.add", subject, proofs=())
    world.sign("amir", view, "approve")
    assert seen("ada") == [("used", "")]
    invite(world, "ada", "late", "marketer")
    world.wait(days=7)
    assert ("expired", "") in seen("ada")


def test_the_words_of_a_first_owner_are_not_read_from_the_keeper(world: World) -> None:
    invitation = invite(world, "cleo", "tom", "owner", tenant="third")
    enrol(world, link_of(invitation), Authenticator())
    cleo = world.registry.people[world.meet("cleo").person]

    (view,) = enrolments.show_enrolments(world.gate, cleo, now=world.now)

    assert (view.state, view.words) == ("finished", "")


def test_what_is_long_over_is_forgotten(world: World) -> None:
    invite(world, "ada", "nils", "marketer")
    world.wait(days=38)
    invite(world, "ada", "nele", "marketer")

    assert [row.name for row in Enrolment.objects.all()] == ["nele"]


def test_two_windows_on_one_link_add_two_keys_or_one_after_the_other(
    world: World,
) -> None:
    link = link_of(invite(world, "ada", "nils", "marketer"))
    gate, now = world.gate, world.now
    shown = look(world, link)
    devices = Authenticator(), Authenticator()
    told: list[str] = []

    def add(device: Authenticator) -> None:
        try:
            enrolments.add_key(
                gate,
                link,
                Attested(*device.make(shown.challenge)),
                device.prove(keeper=KEEPER, person=shown.person_id),
                now=now,
            )
            told.append("added")
        except ListkeepError as error:
            told.append(error.code.value)
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=(device,)) for device in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Both were made for the first place; one of them has it.
    assert sorted(told) == ["added", "signature-invalid"]
    assert len(look(world, link).keys) == 1


# --- the production profile --------------------------------------------------------


@pytest.fixture
def strict(world: World, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """An instance that takes hardware of one maker and model only."""
    maker = Maker()
    folder: Path = settings.KEY_STORE / "attestation"
    folder.mkdir()
    (folder / "example.pem").write_bytes(maker.pem)
    monkeypatch.setattr(settings, "ATTESTATION_AAGUIDS", [MODEL])
    return maker


def test_hardware_its_maker_vouches_for_is_enrolled(
    world: World, strict: Maker
) -> None:
    link = link_of(invite(world, "ada", "olga", "owner"))
    world.registry.profile = "production"

    make(world, link, Authenticator(maker=strict))
    assert refusal(finish, world, link) == "not-permitted"  # a second one is needed
    make(world, link, Authenticator(maker=strict))
    assert finish(world, link)


def test_hardware_nobody_vouches_for_is_not(world: World, strict: Maker) -> None:
    link = link_of(invite(world, "ada", "olga", "owner"))
    world.registry.profile = "production"

    assert strict
    for device in (
        Authenticator(),
        Authenticator(maker=Maker()),
        Authenticator(maker=strict, aaguid=bytes(15) + b"\x01"),
    ):
        assert refusal(make, world, link, device) == "signature-invalid"
    assert look(world, link).keys == ()


def test_an_owners_passkey_is_not_synced_and_a_marketers_may_be(
    world: World, strict: Maker
) -> None:
    assert strict
    owner = link_of(invite(world, "ada", "olga", "owner"))
    marketer = link_of(invite(world, "ada", "nils", "marketer"))
    world.registry.profile = "production"
    flags = FLAG.UP | FLAG.UV | FLAG.BE | FLAG.BS

    code = refusal(make, world, owner, Authenticator(flags=flags, maker=strict))
    assert code == "not-permitted"
    assert make(world, marketer, Authenticator(flags=flags)).keys
    assert finish(world, marketer)


def test_roots_that_cannot_be_read_stop_enrolment_and_say_so(
    world: World, strict: Maker
) -> None:
    link = link_of(invite(world, "ada", "olga", "owner"))
    (settings.KEY_STORE / "attestation" / "broken.pem").write_text("no certificate")
    world.registry.profile = "production"

    code = refusal(make, world, link, Authenticator(maker=strict))
    assert code == "config-invalid"
