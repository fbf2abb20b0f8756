"""How far sends are, in numbers: by code, by hour, by provider, and nobody's name."""

import pytest

from listkeep.core.addresses import provider_bucket
from listkeep.core.mail import parse_template
from listkeep.dock.outlet import templates
from listkeep.dock.outlet.merging.models import MailMerge
from listkeep.dock.outlet.models import MailDelivery, StoredTemplate
from listkeep.dock.outlet.recalling import Memory
from listkeep.dock.outlet.returns.models import Returned
from listkeep.dock.outlet.tallying import mend_tallies
from listkeep.wire import messages as m
from tests.dock.conftest import Api
from tests.dock.letters import HTML, SENDER, eml, subject_of
from tests.fakes.keeper import FakeKeeper

HOUR = 3600
NOON = 1_767_614_400  # 2026-01-05T12:00:00Z
SEND = "r_spring"
State = MailDelivery.State
CLASSES = (  # state, code, seconds after noon, provider's domain
    *[(State.DELIVERED, "2.0.0", n * 60, "gmail.com") for n in range(70)],
    *[(State.DEFERRED, "4.7.0", 0, "gmail.com") for _ in range(3)],
    *[(State.FAILED, "5.1.1", 0, "gmx.de") for _ in range(6)],
    (State.CLAIMED, "", 0, "gmx.de"),
    (State.FAILED, "suppressed", 0, "rare.example"),
)


@pytest.fixture
def sent(keeper: FakeKeeper, ada: Api) -> str:
    """A list that knows providers, and a send of it that has come some way."""
    list_id = ada.open_list("sent", ["provider:text"])
    people = [f"p{n}@{each[3]}" for n, each in enumerate(CLASSES)]
    file = "E-mail\n" + "".join(f"{address}\n" for address in people)
    answer = ada.send(list_id, file.encode(), mapping={"address": "E-mail"})
    assert answer.status == 200, answer.content
    tokens = [keeper.token_of("acme", address) for address in people]
    for token, (state, code, seconds, domain) in zip(tokens, CLASSES, strict=True):
        MailDelivery.objects.create(
            list_id=list_id,
            request=SEND,
            token=token,
            trigger="",
            state=state,
            code=code,
            at=NOON + seconds,
            provider=provider_bucket(f"somebody@{domain}"),
        )
    assert mend_tallies(list_id, SEND)
    outcomes = ("complaint", "unsubscribe", "hard-bounce", "soft-bounce")
    for number, outcome in enumerate(outcomes, 1):
        Returned.objects.create(
            list_id=list_id,
            number=number,
            request=SEND,
            token=tokens[number if number < 3 else 72 + number],
            outcome=outcome,
            how=Returned.How.MAIL,
            at=NOON,
            day=1,
            state=Returned.State.HELD if number == 1 else Returned.State.SETTLED,
        )
    return list_id


def test_a_send_is_told_in_counts(ada: Api, sent: str) -> None:
    told = ada.get(f"/lists/{sent}/sends/{SEND}").json

    progress = told["progress"]
    names = ("delivered", "under_way", "deferred", "failed")
    assert [progress[name] for name in names] == [70, 1, 3, 7]
    assert progress["first_at"] == "2026-01-05T12:00:00Z"
    assert told["reasons"][0] == {"state": "failed", "code": "5.1.1", "messages": 6}
    assert {"state": "deferred", "code": "4.7.0", "messages": 3} in told["reasons"]
    assert told["hours"] == [
        {"at": "2026-01-05T12:00:00Z", "delivered": 60},
        {"at": "2026-01-05T13:00:00Z", "delivered": 10},
    ]
    assert {"outcome": "complaint", "state": "held", "things": 1} in told["returned"]


def test_a_send_is_told_minute_by_minute_while_it_is_short(ada: Api, sent: str) -> None:
    series = ada.get(f"/lists/{sent}/sends/{SEND}").json["series"]

    assert series["step_seconds"] == 60
    assert len(series["points"]) == 70
    assert series["points"][0] == {
        "at": "2026-01-05T12:00:00Z",
        "delivered": 1,
        "waiting": 3,
        "failed": 7,
    }
    assert sum(point["delivered"] for point in series["points"]) == 70


def test_a_send_of_months_is_told_in_as_many_steps_as_a_picture_has(
    ada: Api, news: str
) -> None:
    for day in range(80):
        MailDelivery.objects.create(
            list_id=news,
            request="r_standing",
            token=bytes([day]) * 16,
            trigger="welcome",
            state=State.DELIVERED,
            at=NOON + day * 24 * HOUR,
        )
    mend_tallies(news, "r_standing")

    series = ada.get(f"/lists/{news}/sends/r_standing").json["series"]

    assert series["step_seconds"] == 24 * HOUR
    assert [point["delivered"] for point in series["points"]] == [1] * 80


def test_a_send_is_told_by_provider_and_rare_ones_together(ada: Api, sent: str) -> None:
    rows = ada.get(f"/lists/{sent}/sends/{SEND}/providers").json["providers"]

    by_name = {row.pop("provider"): row for row in rows}
    assert list(by_name) == ["gmail", "gmx", "others"]
    assert by_name["gmail"] == {
        "delivered": 70,
        "waiting": 3,
        "failed": 0,
        "bounces": 0,
        "complaints": 1,
        "unsubscribes": 1,
    }
    assert (by_name["gmx"]["failed"], by_name["gmx"]["waiting"]) == (6, 1)
    assert by_name["gmx"]["bounces"] == 2
    assert by_name["others"]["failed"] == 1


def test_who_was_erased_since_counts_among_the_others(ada: Api, sent: str) -> None:
    MailDelivery.objects.create(
        list_id=sent,
        request=SEND,
        token=b"\x07" * 16,
        trigger="",
        state=State.DELIVERED,
        at=NOON,
    )
    mend_tallies(sent, SEND)

    rows = ada.get(f"/lists/{sent}/sends/{SEND}/providers").json["providers"]

    assert rows[-1] | {"bounces": 0} == {
        "provider": "others",
        "delivered": 1,
        "waiting": 0,
        "failed": 1,
        "bounces": 0,
        "complaints": 0,
        "unsubscribes": 0,
    }


def test_a_list_without_providers_says_so(ada: Api, news: str) -> None:
    told = ada.get(f"/lists/{news}/sends/{SEND}/providers").json

    assert told == {"providers": None}


def test_sends_of_a_list_stand_side_by_side(ada: Api, sent: str) -> None:
    MailMerge.objects.create(
        list_id=sent,
        request="r_autumn",
        principal="ada",
        facets=["provider:text"],
        state=MailMerge.State.PAUSED,
        code="frozen",
        created_at="2026-01-05T12:00:00Z",
        changed_at="2026-01-05T12:00:00Z",
    )

    path = f"/lists/{sent}/sends?requests=r_autumn&requests={SEND}&requests=r_none"
    told = ada.get(path).json["sends"]

    assert [(each["request"], each["state"]) for each in told] == [
        ("r_autumn", "paused"),
        (SEND, ""),
        ("r_none", ""),
    ]
    assert ada.get(f"/lists/{sent}/sends").json["sends"] == []
    assert told[0]["code"] == "frozen"
    assert told[0]["first_at"] is None
    assert told[1]["delivered"] == 70


@pytest.mark.parametrize(
    "path", [f"?requests={SEND}", f"/{SEND}", f"/{SEND}/providers"]
)
def test_numbers_of_a_send_name_nobody(
    keeper: FakeKeeper, ada: Api, sent: str, path: str
) -> None:
    """Who may only look learns how many, and not who."""
    content = ada.get(f"/lists/{sent}/sends{path}").content.decode()

    assert "@" not in content
    tokens = {entry["token"] for entry in ada.tokens(sent)}
    assert not any(token in content for token in tokens)


def test_the_console_looks_at_numbers_and_shelves_nothing(
    keeper: FakeKeeper, ada: Api, sent: str
) -> None:
    assert ada.caller is not None
    vera = keeper.add_person("vera", "acme", ("view",))
    looks = Api(m.Caller(session=vera.session))

    assert looks.get(f"/lists/{sent}/sends/{SEND}").status == 200
    assert looks.get(f"/lists/{sent}/templates").status == 200
    assert looks.put(f"/lists/{sent}/templates", eml()).status == 403
    assert not StoredTemplate.objects.exists()


# --- the shelf ---


def test_a_template_on_the_shelf_says_what_people_will_be_told(
    ada: Api, news: str
) -> None:
    kept = ada.put(f"/lists/{news}/templates", eml())
    again = ada.put(f"/lists/{news}/templates", eml())

    assert (kept.status, again.status) == (200, 200)
    subject = subject_of(eml())
    [told] = ada.get(f"/lists/{news}/templates").json["templates"]
    assert told.pop("stored_at")
    assert told == {
        "digest": subject["templates"],
        "sender": SENDER,
        "reply_to": "",
        "title": subject["title"],
        "links": subject["links"].split(),
        "tracking": subject["tracking"].split(),
        "fields": subject["fields"].split(),
    }
    assert kept.json["digest"] == parse_template(eml()).digest


def test_what_is_no_template_is_not_kept(ada: Api, news: str) -> None:
    answer = ada.put(f"/lists/{news}/templates", b"Subject: x\n\nhello")

    assert (answer.status, answer.json["code"]) == (400, "template-invalid")
    assert not StoredTemplate.objects.exists()


def test_somebody_fills_the_disk_with_templates(
    ada: Api, news: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "MOST_KEPT", 2)
    letters = [eml(html=HTML.replace("points", f"points{n}")) for n in range(3)]

    statuses = [ada.put(f"/lists/{news}/templates", each).status for each in letters]

    assert statuses == [200, 200, 403]
    assert ada.put(f"/lists/{news}/templates", letters[0]).status == 200  # there


def test_a_template_that_was_changed_in_the_table_is_not_shown(
    ada: Api, news: str
) -> None:
    ada.put(f"/lists/{news}/templates", eml())
    other = eml(html=HTML.replace("points", "shares"))
    StoredTemplate.objects.update(eml=other)
    templates._template_of.cache_clear()

    answer = ada.get(f"/lists/{news}/templates")

    assert (answer.status, answer.json["code"]) == (403, "template-differs")


# --- what took long is told again ---


def test_what_took_long_to_count_is_counted_once_for_a_while() -> None:
    times = iter([0.0, 1.0, 5.0, 20.9, 21.1, 21.2])
    memory, counted = Memory(lambda: next(times)), []

    def count() -> int:
        counted.append(1)
        return len(counted)

    # It took a second, and is told for twenty; then it took a tenth of one.
    assert [memory.recall("a", count) for _ in range(4)] == [1, 1, 1, 2]


def test_what_is_quick_is_counted_each_time() -> None:
    times = iter([0.0, 0.09, 0.1, 0.19])
    memory, counted = Memory(lambda: next(times)), []

    for _ in range(2):
        memory.recall("a", lambda: counted.append(1))

    assert len(counted) == 2


def test_memory_is_bounded_and_keeps_nothing_longer_than_a_minute() -> None:
    now = [0.0]
    memory = Memory(lambda: now[0])

    def slow() -> float:
        now[0] += 30
        return now[0]

    first = memory.recall("a", slow)
    assert memory.recall("a", slow) == first
    now[0] += 61
    assert memory.recall("a", slow) != first
    for number in range(1000):
        memory.recall(number, slow)
    assert len(memory._known) <= 256
