import pytest

from listkeep.core.errors import ListkeepError, MalformedError, VerificationError
from listkeep.core.grants import SignIn
from listkeep.keeper.gate.decisions import requests
from listkeep.keeper.gate.sign_in import sessions
from listkeep.wire import messages as m
from tests.keeper.forgery import forge
from tests.keeper.instance import DIRECT, KEEPER, SERVICES, carrier_id, refusal
from tests.keeper.world import World


def nonce_of(world: World) -> str:
    return sessions.begin_sign_in(world.gate, now=world.now).nonce


def sign_in(world: World, name: str, nonce: str, service: str = DIRECT) -> m.Assertion:
    return world.meet(name).sign_in(
        keeper=KEEPER, service=carrier_id(service), nonce=nonce
    )


def hand_in(world: World, name: str, assertion: m.Assertion) -> m.Session:
    credential = world.meet(name).credential
    message = m.FinishSignIn(credential=credential, assertion=assertion)
    return sessions.finish_sign_in(world.gate, message, now=world.now)


def who(world: World, token: str, service: str = DIRECT) -> str:
    with world.gate.view(world.now) as registry:
        person = sessions.resolve_session(
            world.gate, registry, token, service=carrier_id(service), now=world.now
        )
        return person.name


def test_a_passkey_signs_in_and_the_ledger_says_so(world: World) -> None:
    answer = hand_in(world, "ben", sign_in(world, "ben", nonce_of(world)))

    assert (answer.name, who(world, answer.session)) == ("ben", "ben")
    assert answer.expires_at == "2026-01-05T20:00:00Z"
    entry = world.newest("session.started")
    assert entry["person"] == world.meet("ben").person
    assert answer.session.split("_", 3)[3] not in str(entry)


def test_a_sign_in_works_once(world: World) -> None:
    assertion = sign_in(world, "ben", nonce_of(world))
    hand_in(world, "ben", assertion)

    assert refusal(hand_in, world, "ben", assertion) == "replayed"
    world.restart()
    assert refusal(hand_in, world, "ben", assertion) == "replayed"


def test_a_nonce_signs_one_person_in(world: World) -> None:
    nonce = nonce_of(world)
    hand_in(world, "ben", sign_in(world, "ben", nonce))

    assert refusal(hand_in, world, "ivan", sign_in(world, "ivan", nonce)) == "replayed"


def test_a_nonce_lives_five_minutes(world: World) -> None:
    early, late = nonce_of(world), nonce_of(world)

    world.wait(minutes=4, seconds=58)
    assert hand_in(world, "ben", sign_in(world, "ben", early)).name == "ben"
    world.wait(seconds=2)
    assert refusal(hand_in, world, "ben", sign_in(world, "ben", late)) == "expired"


@pytest.mark.parametrize(
    "nonce", ["", ".", "1767614400", "1767614400.aa.bb", "9999999999.aa.", "x.y.z"]
)
def test_a_nonce_the_keeper_did_not_make_is_refused(world: World, nonce: str) -> None:
    assert refusal(hand_in, world, "ben", sign_in(world, "ben", nonce)) == "expired"


def test_a_nonce_made_younger_by_hand_is_refused(world: World) -> None:
    made_at, salt, mac = nonce_of(world).split(".")
    nonce = f"{int(made_at) + 60}.{salt}.{mac}"

    assert refusal(hand_in, world, "ben", sign_in(world, "ben", nonce)) == "expired"


def test_a_sign_in_for_another_keeper_is_refused(world: World) -> None:
    ben = world.meet("ben")
    assertion = ben.sign_in(keeper="k_other", service=DIRECT, nonce=nonce_of(world))

    assert refusal(hand_in, world, "ben", assertion) == "replayed"


def test_a_sign_in_for_an_unknown_service_is_refused(world: World) -> None:
    assertion = sign_in(world, "ben", nonce_of(world), "s_nobodynobody")

    assert refusal(hand_in, world, "ben", assertion) == "not-found"


def test_somebody_elses_passkey_does_not_sign_a_person_in(world: World) -> None:
    eve = world.meet("eve")
    statement = SignIn(
        keeper=KEEPER,
        service=DIRECT,
        nonce=nonce_of(world),
        binding="",
    )

    assert refusal(hand_in, world, "ben", forge(eve, statement)) == "signature-invalid"


def test_an_unknown_passkey_does_not_sign_in(world: World) -> None:
    world.meet("mallory")

    code = refusal(
        hand_in, world, "mallory", sign_in(world, "mallory", nonce_of(world))
    )
    assert code == "credential-unknown"


def test_a_passkey_signs_in_only_the_person_it_belongs_to(world: World) -> None:
    assertion = sign_in(world, "ben", nonce_of(world))

    assert refusal(hand_in, world, "ada", assertion) == "signature-invalid"
    assert hand_in(world, "ben", assertion).name == "ben"


def test_a_sign_in_for_a_browsers_flow_is_none_without_it(world: World) -> None:
    ben = world.meet("ben")
    assertion = ben.sign_in(
        keeper=KEEPER, service=DIRECT, nonce=nonce_of(world), binding="ab" * 32
    )

    assert refusal(hand_in, world, "ben", assertion) == "not-permitted"


def test_a_refused_sign_in_of_a_known_person_is_recorded_with_its_reason(
    world: World,
) -> None:
    eve = world.meet("eve")
    statement = SignIn(keeper=KEEPER, service=DIRECT, nonce=nonce_of(world), binding="")

    hand_in_as_ben = refusal(hand_in, world, "ben", forge(eve, statement))

    entry = world.newest("sign-in.refused")
    assert entry["code"] == hand_in_as_ben == "signature-invalid"
    assert (entry["person"], entry["service"]) == (world.meet("ben").person, DIRECT)


def test_a_refused_sign_in_writes_no_text_of_its_sender_into_the_ledger(
    world: World,
) -> None:
    planted = "planted.person@example.com"
    assertion = sign_in(world, "ben", nonce_of(world), planted)

    assert refusal(hand_in, world, "ben", assertion) == "not-found"
    assert world.newest("sign-in.refused")["service"] == ""
    assert planted not in str(world.entries())


def test_refused_sign_ins_in_one_name_fill_ten_lines_an_hour(world: World) -> None:
    assertion = sign_in(world, "ben", "x.y")
    for _ in range(15):
        assert refusal(hand_in, world, "ben", assertion) == "expired"
    assert world.events().count("sign-in.refused") == 10

    world.wait(minutes=59)
    refusal(hand_in, world, "ben", assertion)
    assert world.events().count("sign-in.refused") == 10
    world.wait(minutes=2)
    refusal(hand_in, world, "ben", assertion)
    assert world.events().count("sign-in.refused") == 11


def test_a_strangers_refused_sign_in_leaves_no_trace(world: World) -> None:
    world.meet("mallory")
    before = len(world.entries())

    assertion = sign_in(world, "mallory", nonce_of(world))
    assert refusal(hand_in, world, "mallory", assertion) == "credential-unknown"
    assert len(world.entries()) == before


def test_a_sign_in_is_no_approval(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    assertion = sign_in(world, "ada", nonce_of(world))

    with pytest.raises(MalformedError):
        world.submit(view, assertion)
    assert world.show("ben", view).state == "waiting"


def test_an_approval_is_no_sign_in(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    assertion = world.statement("ada", view, "approve")

    with pytest.raises(MalformedError):
        hand_in(world, "ada", assertion)


def test_the_bytes_of_a_sign_in_do_not_verify_under_an_approvals_name(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    approval = world.statement("ada", view, "approve")
    signed_in = sign_in(world, "ada", nonce_of(world))
    mixed = m.Assertion(
        statement=approval.statement,
        authenticator_data=signed_in.authenticator_data,
        client_data=signed_in.client_data,
        signature=signed_in.signature,
    )

    assert refusal(world.submit, view, mixed) == "signature-invalid"


def test_a_counter_that_goes_back_or_stands_still_is_a_copied_passkey(
    world: World,
) -> None:
    ben = world.meet("ben")
    world.login("ben")
    known = world.registry.counters[ben.credential]

    for count in (known, known - 1, 0):
        statement = SignIn(
            keeper=KEEPER,
            service=DIRECT,
            nonce=nonce_of(world),
            binding="",
        )
        with pytest.raises(VerificationError, match="copied"):
            hand_in(world, "ben", forge(ben, statement, count=count))


def test_the_counter_is_shared_by_sign_ins_and_statements(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    old = world.statement("ada", view, "approve")
    world.login("ada")

    with pytest.raises(VerificationError, match="copied"):
        world.submit(view, old)


def test_a_session_is_carried_by_the_service_it_was_made_for(world: World) -> None:
    dock, direct = world.login("ben", "dock"), world.login("ben")

    assert who(world, dock, "dock") == "ben"
    assert who(world, direct) == "ben"
    for token, service in ((dock, "console"), (dock, DIRECT), (direct, "dock")):
        assert refusal(who, world, token, service) == "not-signed-in"


def test_an_idle_session_ends_after_a_quarter_of_an_hour(world: World) -> None:
    token = world.login("ben")

    for _ in range(4):
        world.wait(minutes=14, seconds=59)
        assert who(world, token) == "ben"
    world.wait(minutes=15)
    assert refusal(who, world, token) == "not-signed-in"


def test_a_busy_session_ends_after_eight_hours(world: World) -> None:
    token = world.login("ben")

    for _ in range(47):
        world.wait(minutes=10)
        assert who(world, token) == "ben"
    world.wait(minutes=10)
    assert refusal(who, world, token) == "not-signed-in"


def test_an_ended_session_is_over_also_after_a_restart(world: World) -> None:
    token = world.login("ben")
    sessions.end_session(world.gate, token, now=world.now)

    assert refusal(who, world, token) == "not-signed-in"
    world.restart()
    assert refusal(who, world, token) == "not-signed-in"
    assert world.events(1) == ["session.ended"]


def test_a_session_is_ended_by_whoever_holds_it_and_nobody_else(world: World) -> None:
    token = world.login("ben", "dock")

    for wrong in (token[:-1], "", world.login("ivan")[:19] + token[19:]):
        code = refusal(sessions.end_session, world.gate, wrong, now=world.now)
        assert code == "not-signed-in"
    assert who(world, token, "dock") == "ben"
    sessions.end_session(world.gate, token, now=world.now)
    assert refusal(who, world, token, "dock") == "not-signed-in"


def test_a_person_who_left_is_signed_out_everywhere(world: World) -> None:
    direct, dock = world.login("ben"), world.login("ben", "dock")
    world.ask("ada", "person.revoke", {"id": world.meet("ben").person})

    assert refusal(who, world, direct) == "not-signed-in"
    assert refusal(who, world, dock, "dock") == "not-signed-in"
    assert refusal(world.login, "ben") == "credential-unknown"


def test_a_session_survives_a_restart_of_the_keeper(world: World) -> None:
    token = world.login("ben")
    world.restart()

    assert who(world, token) == "ben"


@pytest.mark.parametrize(
    "token", ["", "lks_", "lks_n_aaaaaaaaaaaa_", "lkk_x", "x" * 99]
)
def test_a_made_up_session_is_refused(world: World, token: str) -> None:
    assert refusal(who, world, token) == "not-signed-in"


def test_the_secret_of_a_session_is_needed_to_the_letter(world: World) -> None:
    token = world.login("ben")

    for wrong in (token[:-1], token + "x", token[:-1] + "~"):
        assert refusal(who, world, wrong) == "not-signed-in"


def test_a_session_signs_nothing(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    empty = m.Assertion(
        statement=b"", authenticator_data=b"", client_data=b"", signature=b""
    )

    with pytest.raises(ListkeepError):
        requests.submit_statement(
            world.gate,
            m.SubmitStatement(request=view.id, assertion=empty),
            now=world.now,
        )
    assert world.show("ben", view).state == "waiting"


def test_a_revoked_service_carries_no_session(world: World) -> None:
    view = world.ask("cleo", "service.revoke", {"id": SERVICES["console"][0]})
    assert view.state == "waiting"
    world.sign("cyrus", view, "approve")

    assert refusal(world.login, "ben", "console") == "not-found"
