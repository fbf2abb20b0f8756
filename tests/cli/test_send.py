from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from listkeep.cli.commands import send
from listkeep.cli.commands.signed_send import TemplateFiles, read_template
from listkeep.cli.output import WrongUsage
from listkeep.core.canonical import encode
from listkeep.core.errors import RefusedError
from listkeep.core.grants import Action, Terms
from listkeep.core.mail import Draft, declare, make_template, parse_template
from listkeep.core.registry.send_subjects import write_send_subject
from listkeep.wire.dock.sending import DockSend
from tests.cli.stage import Terminal
from tests.core.grants.cast import make_terms

REQUEST = "r_abcdefghijkl"


def view(state: str = "running", delivered: int = 0) -> DockSend:
    return DockSend(
        request=REQUEST,
        list="l_1",
        state=state,
        code="",
        selected=3,
        delivered=delivered,
        deferred=0,
        failed=0,
    )


@dataclass
class Dock:
    """Says what a dock would say, one answer after the other."""

    answers: list[DockSend]
    asked: list[str] = field(default_factory=list)

    def _next(self, verb: str) -> DockSend:
        self.asked.append(verb)
        return self.answers.pop(0)

    def start_send(self, _request: str) -> DockSend:
        return self._next("start")

    def show_send(self, _request: str) -> DockSend:
        return self._next("show")

    def pause_send(self, _request: str) -> DockSend:
        return self._next("pause")

    def resume_send(self, _request: str) -> DockSend:
        return self._next("resume")


@pytest.mark.parametrize(
    ("words", "verb"),
    [([REQUEST], ""), *(([v, REQUEST], v) for v in ("begin", "end", "show"))],
)
def test_a_word_in_front_says_what_is_to_be_done(words: list[str], verb: str) -> None:
    assert send._read_words(words) == (verb, REQUEST, "")


@pytest.mark.parametrize("words", [["news"], ["begin", "news"]])
def test_a_list_may_stand_where_the_request_does(words: list[str]) -> None:
    assert send._read_words(words, REQUEST) == ("".join(words[:-1]), REQUEST, "news")


@pytest.mark.parametrize("words", [["stop", REQUEST], [REQUEST, "show"], ["a"] * 3])
def test_other_words_are_wrong_usage(words: list[str]) -> None:
    with pytest.raises((WrongUsage, RefusedError)):
        send._read_words(words)


def test_each_word_asks_the_dock_for_its_own() -> None:
    dock = Dock([view()] * 4)

    for verb in ("", "show", "pause", "resume"):
        send._act(dock, verb, REQUEST)  # type: ignore[arg-type]

    assert dock.asked == ["start", "show", "pause", "resume"]


def test_whoever_waits_sees_it_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "_POLL_SECONDS", 0)
    dock = Dock([view(), view(delivered=2), view("done", 3)])

    assert send._follow(dock, view()).state == "done"  # type: ignore[arg-type]


def test_nobody_sends_what_is_not_there(terminal: Terminal) -> None:
    for line in (
        f"send {REQUEST}",
        f"send begin {REQUEST}",
        f"send end {REQUEST}",
        f"send pause {REQUEST}",
        f"send show {REQUEST}",
    ):
        ran = terminal(f"listkeep {line} --as eve")
        assert (ran.status, "no such request" in ran.stderr) == (4, True), ran.stderr


def test_a_template_that_is_not_there_is_wrong_usage(terminal: Terminal) -> None:
    ran = terminal(f"listkeep send {REQUEST} --template nowhere.eml --as ben")
    assert ran.status == 2
    ran = terminal(f"listkeep send show {REQUEST} --template x.eml --as ben")
    assert ran.status == 2
    for options in ("--subject Spring", "--template nowhere.eml --text mail.txt"):
        assert terminal(f"listkeep send {REQUEST} {options} --as ben").status == 2


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"sender": '"News, weekly" <news@news.example>'},
        {"sender": "news@news.example", "reply_to": '"Zoë, help" <help@news.example>'},
        {"subject": "Frühling / [[first_name:sealed|you]]"},
        {"to_name": "[[first_name:sealed|reader]]"},
    ],
)
def test_html_is_handed_over_as_what_was_signed_for(
    tmp_path: Path, fields: dict[str, str]
) -> None:
    signed = replace(DRAFT, **fields)
    file, text = tmp_path / "mail.html", tmp_path / "mail.txt"
    file.write_text(DRAFT.html)
    text.write_text(DRAFT.text)
    files = TemplateFiles(file, text, to_name=signed.to_name)

    handed_over = read_template(files, terms_of(signed))

    assert parse_template(handed_over).digest == make_template(signed).digest


def test_of_several_the_subject_line_says_which_it_is(tmp_path: Path) -> None:
    drafts = DRAFT, replace(DRAFT, subject="Basket", html="<p>We wait.</p>", text="")
    file = tmp_path / "mail.html"
    file.write_text(drafts[1].html)

    handed_over = read_template(
        TemplateFiles(file, subject="Basket"), terms_of(*drafts)
    )

    assert parse_template(handed_over).digest == make_template(drafts[1]).digest


DRAFT = Draft(
    html='<p>See <a href="https://shop.example.com/">our offers</a>.</p>\n',
    text="See https://shop.example.com/\n\n",
    sender="News <news@news.example>",
    subject="Spring",
)


def terms_of(*drafts: Draft) -> Terms:
    templates = [make_template(draft) for draft in drafts]
    said = {each.digest: declare(each) for each in templates}
    subject = write_send_subject(said, pace=0)
    return make_terms(Action.SEND, subject=encode(subject).decode())


def test_nobody_waits_for_what_an_application_sends(terminal: Terminal) -> None:
    ran = terminal(f"listkeep send begin {REQUEST} --wait --as ben")
    assert (ran.status, "your application sends" in ran.stderr) == (2, True)
