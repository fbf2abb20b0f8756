"""A granted send begins once: its cap is spent, its aliases get a key."""

import pytest

from listkeep.core.registry.charges import Measure
from listkeep.keeper.gate.models import SendOpening, Suppression
from listkeep.keeper.release import openings, sends
from tests.keeper.instance import refusal
from tests.keeper.mailing import (
    begin,
    codes,
    finish,
    grant_send,
    open_rows,
    read,
    send_of,
    send_subject,
    spool,
    standing_send,
    with_sending,
)
from tests.keeper.sending import ask_send, revoke_domain, revoke_route
from tests.keeper.world import World


def test_a_send_begins_once_and_charges_its_cap_once(world: World) -> None:
    rows = with_sending(world, 3)
    request = grant_send(world, rows, 3)

    first = begin(world, request)
    world.restart()
    again = begin(world, request, "ada")

    assert first == again
    entry = world.newest("send.intended")
    assert world.events().count("send.intended") == 1
    assert (entry["cap"], entry["route"]) == ("3", first.route.id)
    assert (entry["person"], entry["list"]) == (
        world.people["ben"].person,
        rows.list_id,
    )
    used = world.registry.charges.used(
        world.people["ben"].person, Measure.ROWS_SENT, now=world.now
    )
    assert used == 3


def test_the_dock_is_told_what_was_signed_for(world: World) -> None:
    rows = with_sending(world, 3)
    subject = send_subject(reply_to="Help <help@news.example>")
    send = begin(world, grant_send(world, rows, 3, subject=subject))

    assert (send.kind, send.state, send.list) == ("campaign", "live", rows.list_id)
    assert (send.sender, send.title) == ("News <news@news.example>", "Spring")
    assert send.reply_to == "Help <help@news.example>"
    assert send.links == ("shop.example.com",)
    assert (send.cap, send.reserved, send.pace) == (3, 0, 0)
    assert send.mail_domain == send.route.mail_domain == "bounce.example.com"
    assert send.token_domain == "tok.example.com"
    assert [(key.algorithm, key.selector) for key in send.signing] == [
        ("ed25519", "lk1-ed25519"),
        ("rsa", "lk1"),
    ]
    assert read(world) == {send.request: send}


def test_two_sends_share_neither_tag_nor_key(world: World) -> None:
    rows = with_sending(world, 3)
    sends = [begin(world, grant_send(world, rows)) for _ in range(2)]

    assert len({send.tag for send in sends}) == 2
    assert len({send.alias_key for send in sends}) == 2
    tags = {e["tag"] for e in world.entries() if e["event"] == "send.intended"}
    assert tags == {send.tag.hex() for send in sends}


def test_strangers_and_sessions_of_other_services_begin_nothing(world: World) -> None:
    rows = with_sending(world, 3)
    request = grant_send(world, rows)

    assert refusal(begin, world, request, "eve") == "not-found"
    assert refusal(begin, world, request, "sam") == "not-found"
    assert refusal(begin, world, "r_neverneverne") == "not-found"
    assert "send.intended" not in world.events()


def test_what_is_not_granted_or_denied_does_not_begin(world: World) -> None:
    rows = with_sending(world, 3)
    asked = ask_send(world, rows)
    assert refusal(begin, world, asked.id) == "not-granted"

    denied = grant_send(world, rows)
    world.sign("ada", world.show("ada", asked), "deny")
    assert refusal(begin, world, asked.id) == "not-granted"
    begin(world, denied)


def test_an_export_begins_no_send(world: World) -> None:
    rows = with_sending(world, 3)
    export = world.granted_export(rows)

    assert refusal(begin, world, export.id) == "not-found"


def test_a_freeze_of_campaigns_leaves_what_is_transactional_alone(
    world: World,
) -> None:
    rows = with_sending(world, 3)
    campaign, standing = send_of(world, rows), standing_send(world, rows)
    world.ask("ada", "freeze", {"classes": "campaigns"})

    assert refusal(begin, world, grant_send(world, rows)) == "frozen"
    assert codes(open_rows(world, campaign, rows.batch(0))) == ["frozen"]
    assert codes(open_rows(world, standing, rows.batch(0), ["welcome"])) == [""]
    assert {s.request: s.state for s in read(world).values()} == {
        campaign: "frozen",
        standing: "live",
    }
    world.ask("ada", "freeze", {"classes": "transactional"})
    assert codes(open_rows(world, standing, rows.batch(1), ["welcome"])) == ["frozen"]


def test_a_send_that_nobody_closed_is_closed_when_its_time_has_passed(
    world: World,
) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows)
    open_rows(world, request, rows.batch(0, 1))
    world.now = world.registry.requests[request].terms.expires

    assert read(world)[request].state == "ended"

    entry = world.newest("send.completed")
    assert (entry["request"], entry["opened"]) == (request, "2")
    assert (entry["delivered"], entry["failed"]) == ("", ""), "nobody said"
    assert read(world)
    assert world.events().count("send.completed") == 1
    assert not list(spool(world).glob("*.send"))


def test_a_send_that_was_denied_on_its_way_is_over(world: World) -> None:
    rows = with_sending(world, 3)
    asked = ask_send(world, rows)
    world.sign("ada", asked, "approve")
    begin(world, asked.id)
    open_rows(world, asked.id, rows.batch(0))

    world.sign("amir", world.show("amir", asked), "deny")

    assert codes(open_rows(world, asked.id, rows.whole())) == ["not-granted"] * 3
    assert read(world)[asked.id].state == "ended"
    assert world.newest("send.completed")["opened"] == "1"


def test_without_its_route_or_its_domain_a_send_is_over(world: World) -> None:
    rows = with_sending(world, 3)
    for revoke in (revoke_domain, revoke_route):
        request = send_of(world, rows)
        open_rows(world, request, rows.batch(0))
        revoke(world)

        assert codes(open_rows(world, request, rows.batch(1))) == ["not-granted"]
        ended = read(world)[request]
        assert (ended.state, ended.route.name) == ("ended", "relay")
        if revoke is revoke_domain:
            with_domain_again(world)


def with_domain_again(world: World) -> None:
    from tests.keeper.sending import add_domain  # noqa: PLC0415

    add_domain(world, id="m_domaindomai2", selector="lk2")


def test_an_ended_send_is_told_for_ninety_days_and_then_forgotten(
    world: World,
) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows)
    open_rows(world, request, rows.whole())
    finish(world, request, delivered=3)
    key = world.gate.store.get(f"send-{request}")

    world.wait(days=89)
    assert read(world)[request].alias_key == key
    world.wait(days=1)
    assert read(world) == {}
    assert not (world.home / "keys" / f"send-{request}.key").exists()
    assert read(world) == {}


def test_the_marks_of_a_large_send_go_page_by_page_and_those_of_others_stay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openings, "_PAGE", 2)
    monkeypatch.setattr(openings, "_PAGES_AT_ONCE", 2)
    rows = with_sending(world, 10)
    old, young = send_of(world, rows, 10), send_of(world, rows, 10)
    for request in (old, young):
        open_rows(world, request, rows.whole())
    finish(world, old, delivered=10)
    world.wait(days=30)
    finish(world, young, delivered=10)
    left = []

    world.wait(days=60)
    for _ in range(4):
        assert old not in read(world), "nobody learns of it while its marks go"
        left.append(SendOpening.objects.count())

    assert left == [16, 12, 10, 10]
    assert {row.send for row in SendOpening.objects.all()} == {
        int(world.registry.sends[young].tag, 16)
    }


def test_a_cap_above_the_budget_of_the_day_does_not_begin(world: World) -> None:
    rows = with_sending(world, 3)
    request = grant_send(world, rows, 500)
    ceiling = {"measure": "rows_sent", "ceiling": "499", "who": "everybody"}
    world.ask("ada", "budget.set", ceiling)

    assert refusal(begin, world, request) == "budget-spent"
    assert "send.intended" not in world.events()


def test_edited_suppressions_of_one_list_hold_up_no_other_send(world: World) -> None:
    rows = with_sending(world, 3)
    other = world.list_with_rows(3, "other")
    world.suppress("app", rows, 0)
    first, second = send_of(world, rows), send_of(world, other)
    Suppression.objects.all().delete()
    world.restart()

    told = read(world)

    assert (told[first].state, told[second].state) == ("frozen", "live")
    assert codes(open_rows(world, second, other.whole())) == [""] * 3


def test_ended_sends_are_told_alike_without_being_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = with_sending(world, 3)
    first, second = send_of(world, rows), send_of(world, rows)
    finish(world, first)
    told = read(world)
    looked: list[str] = []

    def look(_gate: object, name: str, **_: object) -> str:
        looked.append(name)
        return "live"

    monkeypatch.setattr(sends, "_state", look)

    assert read(world)[first] == told[first]
    begin(world, grant_send(world, rows))
    assert read(world)[first] == told[first]
    assert first not in looked
    assert second in looked
