"""Templates are handed over and read in a browser; sends begin and pause there."""

import pytest
from django.conf import settings

from listkeep.core.mail import parse_template
from listkeep.core.mail.mime import MAX_BYTES
from listkeep.dock.outlet.merging.models import MailMerge
from listkeep.dock.outlet.models import StoredTemplate
from tests.dock.conftest import Api
from tests.dock.letters import eml, subject_of
from tests.dock.pages.conftest import Browser
from tests.fakes.keeper import FakeKeeper

TEXT = "Dear [[first_name:sealed|reader]],\n\nyou have the plan [[plan:text|free]].\n"
HTML = "<html><body><p>Dear [[first_name:sealed|reader]]</p></body></html>"
LETTER = eml(TEXT, HTML)


@pytest.fixture
def adas(keeper: FakeKeeper, ada: Api) -> Browser:
    return Browser(keeper).sign_in(ada)


def hand_over(browser: Browser, list_id: str, letter: bytes = LETTER) -> str:
    token = browser.get(f"/templates/{list_id}").field("token")
    page = browser.upload(
        f"/templates/{list_id}/shelve", {"token": token}, letter, file_name="a.eml"
    )
    assert page.status == 303, page.words
    return page.location


def test_a_template_is_kept_and_reads_as_it_will_be_sent(
    adas: Browser, news: str
) -> None:
    place = hand_over(adas, news)

    page = adas.get(place)
    assert place.endswith(parse_template(LETTER).digest)
    assert "Dear [[first_name:sealed|reader]]," in page.words
    assert "News <news@example.com>" in page.words
    assert place in adas.get(f"/templates/{news}").text


def test_whoever_may_look_reads_it_before_approving(
    adas: Browser, keeper: FakeKeeper, news: str
) -> None:
    place = hand_over(adas, news)
    vera = Browser(keeper).sign_in(Api(keeper.add_person("vera", "acme", ("view",))))

    assert "Dear [[first_name:sealed|reader]]," in vera.get(place).words
    assert vera.get(f"/templates/{news}").status == 403


def test_markup_of_a_template_is_shown_and_not_run(adas: Browser, news: str) -> None:
    letter = eml(TEXT, "<html><body><p>a &lt;script&gt; b</p></body></html>")

    page = adas.get(hand_over(adas, news, letter))

    assert "<script" not in page.text
    assert "&lt;p&gt;a" in page.text


def test_what_is_refused_is_refused_with_every_reason(adas: Browser, news: str) -> None:
    letter = eml(TEXT, '<html><body><script>1</script><form action="x"></form></body>')
    token = adas.get(f"/templates/{news}").field("token")

    page = adas.upload(f"/templates/{news}/shelve", {"token": token}, letter)

    assert page.status == 400
    assert page.text.count("<li>") >= 2
    assert not StoredTemplate.objects.exists()


def test_a_film_is_no_template(adas: Browser, news: str) -> None:
    token = adas.get(f"/templates/{news}").field("token")

    page = adas.upload(
        f"/templates/{news}/shelve", {"token": token}, b"x" * (MAX_BYTES + 1)
    )

    assert (page.status, "at most 2 MiB" in page.words) == (400, True)


def test_eve_finds_no_templates_and_no_sends(
    adas: Browser, eves: Browser, keeper: FakeKeeper, news: str
) -> None:
    place = hand_over(adas, news)
    request = keeper.sign_send(news, **subject_of(LETTER))

    for path in (place, f"/templates/{news}", f"/sends/{request}"):
        page = eves.get(path)
        assert page.status == 404, path
        assert "Dear" not in page.words


@pytest.fixture
def granted(keeper: FakeKeeper, news: str) -> str:
    subject = subject_of(LETTER)
    request = keeper.sign_send(news, **subject)
    keeper.grant_send(news, request=request, templates=(subject["templates"],))
    return request


def test_a_send_without_its_template_says_which_one_is_missing(
    adas: Browser, granted: str
) -> None:
    page = adas.get(f"/sends/{granted}")
    assert parse_template(LETTER).digest[:12] in page.words

    refused = adas.submit(page, f"/sends/{granted}", act="start")

    assert refused.status == 409
    assert not MailMerge.objects.exists()


def test_a_send_begins_pauses_and_goes_on(
    adas: Browser, news: str, granted: str
) -> None:
    hand_over(adas, news)
    place, states = f"/sends/{granted}", []

    for act in ("start", "pause", "resume"):
        page = adas.submit(adas.get(place), place, act=act)
        assert (page.status, page.location) == (303, place)
        states.append(MailMerge.objects.get().state)

    assert states == ["running", "paused", "running"]


@pytest.mark.parametrize("act", ["", "finish", "start;"])
def test_another_act_is_none(adas: Browser, granted: str, act: str) -> None:
    page = adas.submit(adas.get(f"/sends/{granted}"), f"/sends/{granted}", act=act)

    assert page.status == 400
    assert not MailMerge.objects.exists()


# --- standing sends: an application hands their messages over ---


@pytest.fixture
def standing(keeper: FakeKeeper, news: str) -> str:
    subject = subject_of(LETTER, kind="standing", triggers="basket", pace="60")
    request = keeper.sign_send(news, **subject)
    keeper.grant_send(
        news,
        request=request,
        kind="standing",
        triggers=("basket",),
        templates=(subject["templates"],),
    )
    return request


def test_a_standing_send_begins_and_ends_and_the_dock_sends_nothing_of_it(
    adas: Browser, keeper: FakeKeeper, news: str, standing: str
) -> None:
    hand_over(adas, news)
    place = f"/sends/{standing}"
    page = adas.get(place)
    assert "Begin to send" not in page.text
    assert "End it for good" not in page.text

    assert adas.submit(page, place, act="begin").location == place
    page = adas.get(place)
    assert "It goes on" in page.words

    assert adas.submit(page, place, act="end").location == place
    assert standing in keeper.finished
    assert "It has ended" in adas.get(place).words
    assert not MailMerge.objects.exists()


def test_a_standing_send_is_no_campaign_to_the_worker(
    adas: Browser, keeper: FakeKeeper, news: str, standing: str
) -> None:
    hand_over(adas, news)

    page = adas.submit(
        adas.get(f"/sends/{standing}"), f"/sends/{standing}", act="start"
    )

    assert page.status == 400
    assert standing not in keeper.started


def test_eve_neither_begins_nor_ends_a_standing_send(
    adas: Browser, eves: Browser, keeper: FakeKeeper, standing: str
) -> None:
    token = eves.get("/").field("token")

    for act in ("begin", "end"):
        page = eves.post(f"/sends/{standing}", {"token": token, "act": act})
        assert page.status == 404

    assert standing not in keeper.started


def test_links_lead_back_to_the_console_where_there_is_one(
    adas: Browser, news: str, granted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = hand_over(adas, news)
    assert "console" not in adas.get(f"/sends/{granted}").text
    monkeypatch.setattr(settings, "LISTKEEP_APP_ORIGIN", "http://app.localhost:8490")

    assert "http://app.localhost:8490/sends/" in adas.get(f"/sends/{granted}").text
    assert "?template=" in adas.get(place).text
