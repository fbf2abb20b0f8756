"""An instance begins in two browsers: links, passkeys, words, two signatures."""

import threading
from dataclasses import dataclass, field

import pytest
from django.conf import settings
from django.db import connection

from listkeep.core.errors import ConflictError, ListkeepError, UnavailableError
from listkeep.core.grants import Genesis
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.models import Enrolment
from listkeep.keeper.gate.people import founding
from listkeep.keeper.gate.people.founding import Founding, FoundingView
from listkeep.keeper.project import start
from listkeep.wire import messages as m
from tests.fakes.authenticator import FLAG, Authenticator, Maker
from tests.keeper.enrolling import finish, look, make
from tests.keeper.instance import KEEPER, SEAL_ORIGIN, refusal, service_subject
from tests.keeper.world import World

MODEL = "2fc0579f-8113-47ea-b116-bb5a8db9202a"


@dataclass
class Beginning:
    """Two links, and whoever has them."""

    world: World
    links: list[str]
    devices: list[Authenticator] = field(
        default_factory=lambda: [Authenticator(), Authenticator()]
    )

    @property
    def gate(self) -> Founding:
        found = founding.open_founding(open_store())
        assert found is not None
        return found

    def enrol(self, *whom: int) -> list[str]:
        words = []
        for each in whom:
            make(self.world, self.links[each], self.devices[each], gate=self.gate)
            words.append(finish(self.world, self.links[each], gate=self.gate))
        return words

    def view(self, who: int) -> FoundingView:
        return founding.founding_facts(self.gate, self.links[who], now=self.world.now)

    def statement(self, who: int, **changes: str) -> Genesis:
        view = self.view(who)
        fields = {
            "keeper": KEEPER,
            "person": view.me,
            "credential": self.devices[who].id,
            "genesis": view.digest,
        }
        return Genesis(**{**fields, **changes})

    def sign(self, who: int, assertion: m.Assertion | None = None) -> bool:
        return founding.sign_founding(
            self.gate,
            self.links[who],
            assertion or self.devices[who].sign(self.statement(who)),
            now=self.world.now,
        )


def begin(world: World, profile: str = "demo") -> list[str]:
    start.prepare()
    pair = founding.begin_founding(
        open_store(),
        keeper=KEEPER,
        profile=profile,
        seal_origin=SEAL_ORIGIN,
        custodians=("cleo", "cyrus"),
        console=service_subject("console"),
        dock=service_subject("dock"),
        now=world.now,
    )
    return [invitation.link(SEAL_ORIGIN) for invitation in pair]


@pytest.fixture
def beginning(empty: World) -> Beginning:
    return Beginning(empty, begin(empty))


def test_two_custodians_found_an_instance_in_their_browsers(
    beginning: Beginning,
) -> None:
    shown = look(beginning.world, beginning.links[0], gate=beginning.gate)
    assert (shown.name, shown.role) == ("cleo", "custodian")
    words = beginning.enrol(0, 1)

    for who in (0, 1):  # each sees the words of both
        view = beginning.view(who)
        assert [founder.words for founder in view.founders] == words
        assert view.me == view.founders[who].person
    assert not beginning.sign(0)
    assert [each.has_signed for each in beginning.view(1).founders] == [True, False]
    assert beginning.sign(1)

    world = beginning.world
    assert world.restart().origin == KEEPER
    people = world.registry.people.values()
    assert {(each.name, each.role.value) for each in people} == {
        ("cleo", "custodian"),
        ("cyrus", "custodian"),
    }
    kinds = [each.kind for each in world.registry.services.values()]
    assert kinds == ["dock", "console"]
    assert world.events() == ["genesis.sealed"]


def test_afterwards_nothing_of_the_beginning_is_left(beginning: Beginning) -> None:
    links = beginning.links
    beginning.enrol(0, 1)
    beginning.sign(0)
    beginning.sign(1)
    world = beginning.world

    assert founding.open_founding(open_store()) is None
    assert not Enrolment.objects.exists()
    assert not (settings.KEY_STORE / "founding.key").exists()
    for link in links:
        assert refusal(look, world, link) == "not-found"
    with pytest.raises(UnavailableError):
        Founding(open_store())


def test_the_keeper_does_not_serve_before_it_was_founded(beginning: Beginning) -> None:
    with pytest.raises(UnavailableError, match="not been founded"):
        start.check_instance()

    beginning.enrol(0, 1)
    beginning.sign(0)
    with pytest.raises(UnavailableError, match="not been founded"):
        beginning.world.restart()


def test_what_was_begun_is_not_begun_again(beginning: Beginning) -> None:
    with pytest.raises(ConflictError):
        begin(beginning.world)
    beginning.enrol(0, 1)
    beginning.sign(0)
    beginning.sign(1)
    with pytest.raises(ConflictError):
        begin(beginning.world)


def test_nobody_signs_before_both_have_passkeys(beginning: Beginning) -> None:
    beginning.enrol(0)

    assert not beginning.view(0).facts
    device = beginning.devices[0]
    statement = Genesis(
        keeper=KEEPER,
        person=beginning.view(0).me,
        credential=device.id,
        genesis="00" * 32,
    )
    assert refusal(beginning.sign, 0, device.sign(statement)) == "not-granted"


def test_the_words_of_the_other_are_there_only_when_finished(
    beginning: Beginning,
) -> None:
    make(beginning.world, beginning.links[0], beginning.devices[0], gate=beginning.gate)

    assert [each.words for each in beginning.view(1).founders] == ["", ""]


def test_both_signing_at_once_seal_it_once(beginning: Beginning) -> None:
    beginning.enrol(0, 1)
    gate, now = beginning.gate, beginning.world.now
    signed = [beginning.devices[who].sign(beginning.statement(who)) for who in (0, 1)]
    told: list[object] = []

    def sign(who: int) -> None:
        try:
            told.append(
                founding.sign_founding(gate, beginning.links[who], signed[who], now=now)
            )
        except ListkeepError as error:
            told.append(error.code.value)
        finally:
            connection.close()

    threads = [threading.Thread(target=sign, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert True in told
    assert beginning.world.restart().origin == KEEPER
    assert beginning.world.events() == ["genesis.sealed"]


def test_a_beginning_that_took_too_long_is_over(beginning: Beginning) -> None:
    beginning.enrol(0, 1)
    assertion = beginning.devices[0].sign(beginning.statement(0))
    beginning.world.wait(days=7)

    assert refusal(beginning.view, 0) == "not-found"
    assert refusal(beginning.sign, 0, assertion) == "not-found"


# --- somebody wants to be a founder ------------------------------------------------


def test_one_passkey_does_not_found_an_instance_with_itself(
    beginning: Beginning,
) -> None:
    beginning.enrol(0)
    device = beginning.devices[0]

    code = refusal(
        make, beginning.world, beginning.links[1], device, gate=beginning.gate
    )
    assert code == "already-exists"


def test_one_custodian_does_not_sign_for_the_other(beginning: Beginning) -> None:
    beginning.enrol(0, 1)
    own = beginning.devices[0].sign(beginning.statement(0))
    other = beginning.devices[0].sign(
        beginning.statement(1, credential=beginning.devices[0].id)
    )

    assert refusal(beginning.sign, 1, own) != "it was not refused"
    assert refusal(beginning.sign, 1, other) != "it was not refused"
    assert not any(each.has_signed for each in beginning.view(0).founders)


@pytest.mark.parametrize(
    "changes", [{"genesis": "00" * 32}, {"keeper": "k_other"}, {"person": "p_x"}]
)
def test_a_signature_over_something_else_founds_nothing(
    beginning: Beginning, changes: dict[str, str]
) -> None:
    beginning.enrol(0, 1)
    device = beginning.devices[0]

    code = refusal(beginning.sign, 0, device.sign(beginning.statement(0, **changes)))
    assert code == "signature-invalid"


def test_a_signature_made_on_another_page_founds_nothing(beginning: Beginning) -> None:
    beginning.enrol(0, 1)
    device, statement = beginning.devices[0], beginning.statement(0)

    for changes in ({"origin": "http://app.localhost:8480"}, {"crossOrigin": True}):
        assertion = device.sign(statement, **changes)
        assert refusal(beginning.sign, 0, assertion) == "signature-invalid"


def test_planted_passkeys_are_not_founded_with(beginning: Beginning) -> None:
    """Somebody with the database, but not the key store, exchanges a founder's keys."""
    beginning.enrol(0, 1)
    rows = list(Enrolment.objects.all())
    Enrolment.objects.filter(id=rows[0].id).update(keys=rows[1].keys, mac=rows[1].mac)

    assert refusal(beginning.view, 0) == "not-found"
    assert not beginning.view(1).facts


def test_a_deleted_or_planted_row_stops_it(beginning: Beginning) -> None:
    row = Enrolment.objects.first()
    assert row is not None
    row.id = "e_plantedplant"
    row.save(force_insert=True)

    code = refusal(
        make,
        beginning.world,
        beginning.links[0],
        beginning.devices[0],
        gate=beginning.gate,
    )
    assert code == "not-found"


def test_a_guessed_link_shows_nothing(beginning: Beginning) -> None:
    name = beginning.links[0].partition("#")[2].partition(".")[0]
    beginning.links[0] = f"{name}.guess"

    assert refusal(beginning.view, 0) == "not-found"


# --- the production profile --------------------------------------------------------


def test_a_production_instance_is_founded_with_two_attested_keys_each(
    empty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    beginning = Beginning(empty, begin(empty, "production"))
    maker = Maker()
    (settings.KEY_STORE / "attestation").mkdir()
    (settings.KEY_STORE / "attestation" / "maker.pem").write_bytes(maker.pem)
    monkeypatch.setattr(settings, "ATTESTATION_AAGUIDS", [MODEL])
    synced = Authenticator(maker=maker, flags=FLAG.UP | FLAG.UV | FLAG.BE)

    def add(who: int, device: Authenticator) -> object:
        return make(empty, beginning.links[who], device, gate=beginning.gate)

    assert refusal(add, 0, Authenticator()) == "signature-invalid"
    assert refusal(add, 0, synced) == "not-permitted"
    for who in (0, 1):
        add(who, Authenticator(maker=maker))
        code = refusal(finish, empty, beginning.links[who], gate=beginning.gate)
        assert code == "not-permitted"
        beginning.devices[who] = Authenticator(maker=maker)
        beginning.enrol(who)
    beginning.sign(0)
    assert beginning.sign(1)

    assert empty.restart().origin == KEEPER
    assert empty.registry.profile == "production"
    assert {len(each.credentials) for each in empty.registry.people.values()} == {2}
