"""Somebody wants a passkey of their own to be taken for somebody else's."""

from collections.abc import Iterator

import pytest
from django.db import connection

from listkeep.core.grants import SignIn, Statement
from listkeep.core.registry.passkeys import encode_base64url
from listkeep.keeper.gate.models import Enrolment
from listkeep.keeper.gate.people import enrolments
from listkeep.keeper.gate.people.enrolments import Attested, Invitation
from tests.fakes.authenticator import FLAG, Authenticator
from tests.keeper.enrolling import enrol, finish, invite, link_of, look, make
from tests.keeper.instance import KEEPER, refusal
from tests.keeper.world import World


@pytest.fixture
def invitation(world: World) -> Invitation:
    return invite(world, "ada", "nils", "marketer")


def edit(text: str, *values: str | bytes | int) -> None:
    """Change the keeper's database by hand."""
    with connection.cursor() as cursor:
        cursor.execute(text.replace("?", "%s"), values)


COLUMNS = [
    *("action", "person", "inviter", "tenant", "tenant_name", "role", "name"),
    *("team", "keys", "verifier", "mac"),
]


@pytest.mark.parametrize("secret", ["", "x", "lk", "\u00e4", "x" * 5000])
def test_a_guessed_secret_opens_nothing(
    world: World, invitation: Invitation, secret: str
) -> None:
    assert refusal(look, world, f"{invitation.id}.{secret}") == "not-found"


@pytest.mark.parametrize("link", ["", ".", "#", "e_nobodynobody.x", "%s", "%s."])
def test_a_link_that_is_none_opens_nothing(
    world: World, invitation: Invitation, link: str
) -> None:
    link = link.replace("%s", invitation.id)

    assert refusal(look, world, link) == "not-found"
    assert refusal(finish, world, link) == "not-found"


def test_every_bad_link_is_told_the_same(world: World, invitation: Invitation) -> None:
    used = invite(world, "ada", "nele", "marketer")
    enrol(world, link_of(used), Authenticator())
    old = invite(world, "ada", "otto", "marketer")
    Enrolment.objects.filter(id=old.id).update(name="otta")

    told = set()
    for link in (
        f"{invitation.id}.wrong",
        "e_nobodynobody.wrong",
        link_of(used),
        link_of(old),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - compared below
            look(world, link)
        told.add((type(caught.value), str(caught.value)))
    assert len(told) == 1


def test_a_planted_row_is_no_invitation(world: World, invitation: Invitation) -> None:
    row = Enrolment.objects.get(id=invitation.id)
    row.id = "e_plantedplant"
    row.save(force_insert=True)

    assert refusal(look, world, f"{row.id}.{invitation.secret}") == "not-found"
    code = refusal(enrolments.subject_of, world.gate, row.id)
    assert code == "not-found"


@pytest.mark.parametrize("column", COLUMNS)
def test_an_edited_row_is_no_invitation(
    world: World, invitation: Invitation, column: str
) -> None:
    link = link_of(invitation)
    value = b"x" if column in ("verifier", "mac") else "owner"
    edit(f"UPDATE gate_enrolment SET {column} = ?", value)  # noqa: S608

    assert refusal(look, world, link) == "not-found"


def test_a_row_whose_end_was_moved_is_no_invitation(
    world: World, invitation: Invitation
) -> None:
    edit("UPDATE gate_enrolment SET expires_at = '2030-01-01 00:00:00'")

    assert refusal(look, world, link_of(invitation)) == "not-found"


def test_two_rows_that_were_swapped_are_no_invitations(world: World) -> None:
    """A marketer's link shall become an owner's."""
    marketer = invite(world, "ada", "nils", "marketer")
    owner = invite(world, "ada", "olga", "owner")
    first = Enrolment.objects.get(id=marketer.id)
    second = Enrolment.objects.get(id=owner.id)
    first.id, second.id = second.id, first.id
    Enrolment.objects.all().delete()
    first.save(force_insert=True)
    second.save(force_insert=True)

    for invitation in (marketer, owner):
        assert refusal(look, world, link_of(invitation)) == "not-found"


def test_the_secret_of_one_row_does_not_open_another(world: World) -> None:
    marketer = invite(world, "ada", "nils", "marketer")
    owner = invite(world, "ada", "olga", "owner")
    verifier = bytes(Enrolment.objects.get(id=marketer.id).verifier)
    Enrolment.objects.filter(id=owner.id).update(verifier=verifier)

    assert refusal(look, world, f"{owner.id}.{marketer.secret}") == "not-found"


def test_a_used_link_that_was_put_back_stays_used(
    world: World, invitation: Invitation
) -> None:
    """The row of before it was finished, MAC and all, is put back."""
    link = link_of(invitation)
    before = Enrolment.objects.get(id=invitation.id)
    enrol(world, link, Authenticator())
    before.save()

    assert refusal(look, world, link) == "not-found"
    assert refusal(finish, world, link) == "not-found"
    code = refusal(enrolments.subject_of, world.gate, invitation.id)
    assert code == "not-found"


def test_passkeys_exchanged_after_the_link_was_finished_are_not_signed_for(
    world: World, invitation: Invitation
) -> None:
    """A row of before, with a valid MAC and other passkeys, is put back."""
    link = link_of(invitation)
    make(world, link, Authenticator())
    planted = Enrolment.objects.get(id=invitation.id)
    make(world, link, Authenticator())
    finish(world, link)
    planted.save()

    code = refusal(enrolments.subject_of, world.gate, invitation.id)
    assert code == "not-found"
    subject = {
        "id": planted.person,
        "name": "nils",
        "role": "marketer",
        "team": "",
        "keys": planted.keys,
    }
    assert refusal(world.draft, "ada", "person.add", subject) == "request-invalid"


@pytest.fixture
def elsewhere(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A valid link of another instance."""
    other = World(tmp_path_factory.mktemp("elsewhere") / "home")
    other.enter()
    other.found()
    other.add_tenant("acme", "t_elsewherelse", "olaf", "oda")
    link = link_of(invite(other, "olaf", "nils", "marketer"))
    assert look(other, link)
    row = Enrolment.objects.get()
    other.leave()
    world.enter()
    row.save(force_insert=True)
    yield link
    world.enter()


def test_a_link_of_another_instance_opens_nothing(world: World, elsewhere: str) -> None:
    assert refusal(look, world, elsewhere) == "not-found"


def test_one_passkey_is_not_enrolled_for_two_people(world: World) -> None:
    device = Authenticator()
    nils = link_of(invite(world, "ada", "nils", "marketer"))
    nele = link_of(invite(world, "eve", "nele", "marketer"))
    make(world, nils, device)

    assert refusal(make, world, nele, device) == "already-exists"
    assert refusal(make, world, nils, device) == "already-exists"
    twin = Authenticator(key=device.key)  # the same key under another id
    assert refusal(make, world, nele, twin) == "already-exists"
    enrol(world, nils)
    assert refusal(make, world, nele, device) == "already-exists"


def test_a_passkey_somebody_signs_with_is_not_enrolled_again(world: World) -> None:
    ben = world.meet("ben")
    device = Authenticator(key=ben.key)
    link = link_of(invite(world, "ada", "nils", "marketer"))

    assert refusal(make, world, link, device) == "already-exists"


@pytest.mark.parametrize(
    "device",
    [
        Authenticator(origin="http://app.localhost:8480"),
        Authenticator(origin="http://evil.seal.localhost:8471"),
        Authenticator(origin="http://seal.localhost:8472"),
        Authenticator(rp_id="app.localhost"),
        Authenticator(flags=FLAG.UP),
        Authenticator(flags=FLAG.UP | FLAG.UV | FLAG.BS),
    ],
    ids=["app", "sub-domain", "port", "site", "unverified", "backed up, not eligible"],
)
def test_a_passkey_made_elsewhere_is_not_enrolled(
    world: World, invitation: Invitation, device: Authenticator
) -> None:
    link = link_of(invitation)

    assert refusal(make, world, link, device) == "signature-invalid"
    assert look(world, link).keys == ()


def test_a_passkey_that_changes_its_kind_between_making_and_proof_is_not_enrolled(
    world: World, invitation: Invitation
) -> None:
    """It is attested as hardware, and then says that it can be copied."""
    link = link_of(invitation)
    shown = look(world, link)
    device = Authenticator()
    attested = Attested(*device.make(shown.challenge))
    device.flags |= FLAG.BE
    proof = device.prove(keeper=KEEPER, person=shown.person_id)

    code = refusal(enrolments.add_key, world.gate, link, attested, proof, now=world.now)
    assert code == "signature-invalid"


def test_a_bent_flag_in_the_attestation_is_noticed(
    world: World, invitation: Invitation
) -> None:
    """A synced passkey's attestation is edited to say hardware."""
    link = link_of(invitation)
    shown = look(world, link)
    device = Authenticator(flags=FLAG.UP | FLAG.UV | FLAG.BE)
    client_data, attested = device.make(shown.challenge)
    honest = bytes([device.flags | FLAG.AT])
    bent = attested.replace(honest, bytes([device.flags & ~FLAG.BE | FLAG.AT]), 1)
    assert bent != attested
    proof = device.prove(keeper=KEEPER, person=shown.person_id)

    code = refusal(
        enrolments.add_key,
        world.gate,
        link,
        Attested(client_data, bent),
        proof,
        now=world.now,
    )
    assert code == "signature-invalid"


def test_a_passkey_made_for_another_link_is_not_enrolled(world: World) -> None:
    nils = look(world, link_of(invite(world, "ada", "nils", "marketer")))
    olga = link_of(invite(world, "ada", "olga", "owner"))
    device = Authenticator()

    code = refusal(
        enrolments.add_key,
        world.gate,
        olga,
        Attested(*device.make(nils.challenge)),
        device.prove(keeper=KEEPER, person=look(world, olga).person_id),
        now=world.now,
    )
    assert code == "signature-invalid"


def test_a_passkey_without_its_own_proof_is_not_enrolled(
    world: World, invitation: Invitation
) -> None:
    link = link_of(invitation)
    shown = look(world, link)
    device, other = Authenticator(), Authenticator()
    attested = Attested(*device.make(shown.challenge))
    person = shown.person_id
    sign_in = SignIn(keeper=KEEPER, service="keeper", nonce="n", binding="")
    for proof in (
        other.prove(keeper=KEEPER, person=person),
        device.prove(keeper="k_other", person=person),
        device.prove(keeper=KEEPER, person="p_somebodyelse"),
        device.sign(sign_in),
    ):
        code = refusal(
            enrolments.add_key, world.gate, link, attested, proof, now=world.now
        )
        assert code == "signature-invalid"


def test_a_sign_in_with_an_enrolled_passkey_is_no_approval(world: World) -> None:
    invitation = invite(world, "ada", "olga", "owner")
    device = Authenticator()
    enrol(world, link_of(invitation), device)
    subject = enrolments.subject_of(world.gate, invitation.id)
    view = world.ask("ada", "person.add", subject, proofs=())
    world.sign("amir", view, "approve")
    waiting = world.ask("ada", "person.add", world.subject("nele", "marketer"))
    approval = Statement(
        keeper=KEEPER,
        person=subject["id"],
        credential=device.id,
        decision="approve",
        request="00" * 32,
    )
    sign_in = device.sign(
        SignIn(
            keeper=KEEPER,
            service="keeper",
            nonce=encode_base64url(approval.challenge()),
            binding="",
        )
    )

    assert refusal(world.submit, waiting, sign_in) == "message-invalid"
