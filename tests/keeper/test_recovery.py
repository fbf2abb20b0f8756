"""Further passkeys for oneself, and other ones after a loss."""

from dataclasses import dataclass

import pytest

from listkeep.core.registry.words import six_words
from listkeep.drill.people import SoftwarePerson
from listkeep.keeper.gate.people import enrolments
from listkeep.wire import messages as m
from tests.fakes.authenticator import Authenticator
from tests.keeper.enrolling import enrol, invite, link_of, sign_with
from tests.keeper.instance import refusal
from tests.keeper.world import World

DAY, JUST_BEFORE = {"hours": 24}, {"hours": 23, "minutes": 59}


# --- a further key of one's own ----------------------------------------------------


def add_key(world: World, name: str, by: str = "") -> m.RequestView:
    """Have somebody ask for a further passkey of their own."""
    fresh = world.further(world.meet(name))
    return world.ask(
        by or name, "passkey.add", {"id": fresh.person, "keys": fresh.keys}
    )


def keys_of(world: World, name: str) -> list[str]:
    person = world.registry.people[world.meet(name).person]
    return [key.id for key in person.credentials]


def test_another_owner_lets_an_owner_have_a_further_key(world: World) -> None:
    view = add_key(world, "ada")
    assert view.state == "waiting"

    assert world.sign("amir", view, "approve").state == "done"

    assert world.events(1) == ["passkey.added"]
    expected = [world.meet("ada").credential, world.meet("ada-2").credential]
    assert keys_of(world, "ada") == expected
    assert world.login("ada-2")
    assert world.login("ada")


@pytest.mark.parametrize(
    ("name", "agrees"),
    [("ada", "amir"), ("ben", "ada"), ("cleo", "cyrus"), ("sam", "cyrus")],
)
def test_alone_it_takes_a_day_in_which_others_can_deny_it(
    world: World, name: str, agrees: str
) -> None:
    waited, denied = add_key(world, name), add_key(world, name)
    world.sign(agrees, denied, "deny")

    world.wait(**JUST_BEFORE)
    assert world.show(name, waited).state == "waiting"
    world.wait(minutes=1)
    assert world.show(name, waited).state == "done"
    assert world.show(name, denied).state == "denied"
    assert len(keys_of(world, name)) == 2


def test_a_key_is_added_by_whom_it_signs_for_only(world: World) -> None:
    for name, by in (("ada", "amir"), ("ben", "ada"), ("cleo", "cyrus")):
        assert refusal(add_key, world, name, by) == "not-permitted"


def test_a_marketer_does_not_let_another_have_a_key(world: World) -> None:
    view = add_key(world, "ben")

    assert refusal(world.sign, "ivan", view, "approve") == "not-permitted"
    assert refusal(world.sign, "ben", view, "approve") == "self-approval"
    assert refusal(world.sign, "cleo", view, "approve") == "not-permitted"
    assert world.sign("ada", view, "approve").state == "done"


def test_a_new_key_proves_itself_or_was_made_over_a_link(world: World) -> None:
    fresh = world.further(world.meet("ada"))
    subject = {"id": fresh.person, "keys": fresh.keys}
    code = refusal(world.draft, "ada", "passkey.add", subject, proofs=())
    assert code == "request-invalid"

    invitation = invite(world, "ada", "ada", "owner")
    device = Authenticator()
    enrol(world, link_of(invitation), device)
    subject = enrolments.subject_of(world.gate, invitation.id)
    assert set(subject) == {"id", "keys"}
    view = world.ask("ada", "passkey.add", subject, proofs=())
    assert world.sign("amir", view, "approve").state == "done"
    view = world.ask("amir", "person.add", world.subject("nils", "marketer"))
    assert sign_with(world, device, fresh.person, view, "approve").state == "done"


def test_what_one_signed_before_counts_on(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    world.sign("ada", view, "approve")
    world.sign("amir", add_key(world, "ada"), "approve")

    assert world.run("ben", view, rows.whole())


# --- other keys after a loss ---------------------------------------------------------


@dataclass
class Loss:
    """Somebody whose passkey is gone, and who holds a new one."""

    world: World
    name: str
    fresh: SoftwarePerson

    @property
    def subject(self) -> dict[str, str]:
        return {
            "id": self.fresh.person,
            "keys": self.fresh.keys,
            "words": six_words(self.fresh.keys),
        }

    def ask(self, by: str) -> m.RequestView:
        return self.world.ask(by, "passkey.replace", self.subject)

    def recover(self, by: tuple[str, str]) -> m.RequestView:
        return self.world.sign(by[1], self.ask(by[0]), "approve")

    def complete(self, by: tuple[str, str]) -> None:
        view = self.recover(by)
        self.world.wait(**DAY)
        assert self.world.show(by[0], view).state == "done"


def lose(world: World, name: str) -> Loss:
    return Loss(world, name, world.further(world.meet(name)))


@pytest.fixture
def three(world: World) -> World:
    """Acme has a third owner, olga: two are left when one loses a passkey."""
    world.add_person("olga", "owner", by=("ada", "amir"))
    world.login("olga")
    return world


def test_two_owners_give_a_third_new_keys_after_a_day(three: World) -> None:
    loss = lose(three, "olga")
    view = loss.recover(("ada", "amir"))
    assert view.state == "waiting"
    assert view.missing[0].startswith("time: it opens at 2026-01-06 12:00 UTC")

    three.wait(**JUST_BEFORE)
    assert three.show("ada", view).state == "waiting"
    assert three.login("olga")
    three.wait(minutes=1)
    assert three.show("ada", view).state == "done"

    assert three.events(1) == ["passkey.replaced"]
    assert keys_of(three, "olga") == [loss.fresh.credential]
    assert refusal(three.login, "olga") == "credential-unknown"
    assert three.login(f"{loss.name}-2")


def test_the_sessions_of_old_keys_end(three: World) -> None:
    loss = lose(three, "olga")
    view = loss.recover(("ada", "amir"))
    three.wait(**JUST_BEFORE)
    token = three.login("olga")
    three.wait(minutes=1)
    three.show("ada", view)

    code = refusal(three.draft, "olga", "freeze", {"classes": "export+reveal"})
    assert (three._sessions["olga", "keeper"][0], code) == (token, "not-signed-in")


def test_statements_of_old_keys_count_no_more(three: World) -> None:
    rows = three.list_with_rows(1)
    export = three.ask_export("ben", rows, 1)
    three.sign("olga", export, "approve")
    assert three.show("ben", export).state == "granted"

    lose(three, "olga").complete(("ada", "amir"))

    assert refusal(three.run, "ben", export, rows.whole()) in (
        "expired",
        "not-granted",
    )
    late = three.ask_export("ben", rows, 1, valid_seconds=7 * 86400)
    assert refusal(three.sign, "olga", late, "approve") == "credential-unknown"


def test_an_approval_of_an_old_key_is_no_approval_any_more(three: World) -> None:
    rows = three.list_with_rows(1)
    export = three.ask_export("ben", rows, 1, valid_seconds=7 * 86400)
    three.sign("olga", export, "approve")

    lose(three, "olga").complete(("ada", "amir"))

    assert three.show("ben", export).missing == (
        "the approval of another owner of the tenant",
    )
    assert refusal(three.run, "ben", export, rows.whole()) == "not-granted"


def test_for_three_days_the_recovered_release_and_approve_nothing(
    three: World,
) -> None:
    rows = three.list_with_rows(1)
    lose(three, "olga").complete(("ada", "amir"))
    new = "olga-2"

    assert refusal(three.ask_reveal, new, rows, 0) == "not-permitted"
    assert refusal(three.ask_export, new, rows, 1) == "not-permitted"
    export = three.ask_export("ben", rows, 1, valid_seconds=7 * 86400)
    person = three.ask("ada", "person.add", three.subject("nils", "marketer"))
    for view in (export, person):
        assert refusal(three.sign, new, view, "approve") == "not-permitted"
    assert three.look_up(new, rows.list_id, rows.addresses[0])
    assert three.sign(new, person, "deny").state == "denied"

    three.wait(hours=72)
    assert three.sign(new, export, "approve").state == "granted"


def test_two_owners_help_a_marketer_and_two_custodians_the_support(
    world: World,
) -> None:
    lose(world, "ben").complete(("ada", "amir"))
    lose(world, "sam").complete(("cleo", "cyrus"))

    assert world.login("ben-2")
    assert world.login("sam-2")


def test_one_of_two_owners_is_helped_by_nobody_who_was_not_chosen(
    world: World,
) -> None:
    view = lose(world, "ada").ask("amir")

    for name in ("ben", "ivan", "cleo", "cyrus", "eve", "sam"):
        assert refusal(world.sign, name, view, "approve") != "it was not refused"
    world.wait(days=6)
    assert world.show("amir", view).state == "waiting"


def choose(world: World, name: str, *helpers: str) -> m.RequestView:
    recovery = " ".join(world.meet(each).person for each in helpers)
    subject = {"id": world.meet(name).person, "recovery": recovery}
    return world.ask(name, "recovery.choose", subject)


def test_those_somebody_chose_beforehand_help(world: World) -> None:
    assert choose(world, "ada", "amir", "ben").state == "done"
    assert world.events(1) == ["recovery.chosen"]
    loss = lose(world, "ada")

    assert refusal(loss.ask, "ivan") == "not-permitted"
    view = loss.ask("ben")
    assert refusal(world.sign, "ivan", view, "approve") == "not-permitted"
    assert world.sign("amir", view, "approve").state == "waiting"
    world.wait(**DAY)
    assert world.show("amir", view).state == "done"


def test_an_owner_who_was_not_chosen_may_still_deny(three: World) -> None:
    choose(three, "olga", "ben", "ivan")
    loss = lose(three, "olga")
    view = loss.recover(("ben", "ivan"))

    assert refusal(three.sign, "ada", view, "approve") == "not-permitted"
    assert three.sign("ada", view, "deny").state == "denied"


def test_helpers_are_chosen_in_the_own_name(world: World) -> None:
    recovery = f"{world.meet('ben').person} {world.meet('ivan').person}"
    subject = {"id": world.meet("ada").person, "recovery": recovery}

    assert refusal(world.draft, "amir", "recovery.choose", subject) == "not-permitted"
    assert refusal(world.draft, "cleo", "recovery.choose", subject) == "not-permitted"
    for others in (("ben",), ("ben", "eve"), ("ben", "cleo"), ("ben", "ada")):
        assert refusal(choose, world, "ada", *others) != "it was not refused"


def test_new_keys_are_made_over_a_link_of_a_helper(three: World) -> None:
    invitation = invite(three, "ada", "olga", "owner")
    device = Authenticator()
    words = enrol(three, link_of(invitation), device)
    subject = enrolments.subject_of(three.gate, invitation.id)
    assert subject["words"] == words

    view = three.ask("amir", "passkey.replace", subject, proofs=())
    assert view.facts["words"] == words
    assert view.facts["person"] == "olga"
    three.sign("ada", view, "approve")
    three.wait(**DAY)
    assert three.show("ada", view).state == "done"
    assert keys_of(three, "olga") == [device.id]


def test_a_recovery_is_the_same_after_a_restart(three: World) -> None:
    lose(three, "olga").complete(("ada", "amir"))
    before = dict(three.registry.people)

    three.restart()

    assert three.registry.people == before
    assert refusal(three.login, "olga") == "credential-unknown"
