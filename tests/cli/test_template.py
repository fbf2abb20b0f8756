"""What a template would send, and every reason why one is refused."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.cli.stage import Terminal
from tests.core.mail.templates import HTML, SENDER, TEXT, template

WITH = f"--from '{SENDER}' --subject 'Hi [[first_name:sealed|you]]'"


@pytest.fixture
def folder(bare: Terminal, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(bare.folder)
    made = EmailMessage()
    made["From"], made["Subject"], made["X-Mailer"] = SENDER, "Hello", "Editor"
    made["Reply-To"] = "help@example.com"
    made.set_content(TEXT)
    made.add_alternative(HTML, subtype="html")
    made.add_attachment(
        b"%PDF-1.7", maintype="application", subtype="pdf", filename="offer.pdf"
    )
    (bare.folder / "mail.html").write_text(HTML)
    (bare.folder / "mail.txt").write_text(TEXT)
    (bare.folder / "mail.eml").write_bytes(bytes(made))
    (bare.folder / "bad.html").write_text("<form>\n<p>[[email:text]]</p>\n<script>")
    (bare.folder / "odd.html").write_bytes(b"\xff\xfe")
    return bare.folder


def test_it_shows_what_a_template_would_send(bare: Terminal, folder: Path) -> None:
    ran = bare.ok(f"listkeep template check mail.html --text mail.txt {WITH}")

    digest = template(subject="Hi [[first_name:sealed|you]]").digest
    assert [line.split(maxsplit=1) for line in ran.stdout.splitlines()] == [
        ["digest", digest],
        ["from", SENDER],
        ["subject", "Hi [[first_name:sealed|you]]"],
        ["parts", "text/plain; text/html"],
        ["links", "example.com (1); shop.example.com (2)"],
        ["tracking", "shop.example.com; track.example.net"],
        ["slot", "first_name: sealed, else you"],
        ["slot", "points: number"],
        ["slot", "until: date"],
        ["slot", "greeting: text, else See you"],
        ["slot", "alias: alias"],
    ]
    assert ran.stderr == ""


def test_a_saved_mail_is_a_template(bare: Terminal, folder: Path) -> None:
    found = bare.ok("listkeep template check mail.eml --json").json

    assert found["accepted"] is True
    assert found["faults"] == []
    assert found["reply_to"] == "help@example.com"
    assert found["files"] == ["offer.pdf (application/pdf, 8 bytes)"]
    assert found["not_taken_over"] == ["X-Mailer"]
    assert {slot["name"]: slot["type"] for slot in found["slots"]}["until"] == "date"


def test_html_is_written_as_the_mail_that_says_the_same(
    bare: Terminal, folder: Path
) -> None:
    html = f"listkeep template check mail.html --text mail.txt {WITH} --json"
    found = bare.ok(f"{html} -o spring.eml").json

    assert bare.ok("listkeep template check spring.eml --json").json == found
    written = (folder / "spring.eml").read_bytes()
    assert bare(f"{html} -o spring.eml").status == 5
    assert bare(f"{html} -o no/folder.eml").status == 2
    assert bare("listkeep template check mail.eml -o again.eml").status == 2
    assert (folder / "spring.eml").read_bytes() == written
    assert not (folder / "again.eml").exists()


def test_every_reason_is_told_at_once(bare: Terminal, folder: Path) -> None:
    ran = bare(f"listkeep template check bad.html {WITH}")

    assert ran.status == 3
    assert ran.stdout == ""
    assert ran.stderr.splitlines() == [
        (
            "listkeep: part 1, line 1: a form sends what is typed somewhere else "
            "(take it out)"
        ),
        (
            "listkeep: part 1, line 3: a script is run by whoever opens the mail "
            "(take it out)"
        ),
        (
            "listkeep: part 1, line 2: the address is no merge field (greet by a name; "
            "links carry [[alias]])"
        ),
        "listkeep: the template is refused for 3 reasons",
        "listkeep: hint: the guide templates.md says what is taken and why",
    ]


def test_programs_get_the_reasons_as_well(bare: Terminal, folder: Path) -> None:
    ran = bare(f"listkeep template check bad.html --json {WITH}")

    assert ran.status == 3
    assert ran.json["accepted"] is False
    assert ran.json["faults"][0] == {
        "place": "part 1, line 1",
        "message": "a form sends what is typed somewhere else",
        "hint": "take it out",
    }


def test_what_is_missing_is_said(bare: Terminal, folder: Path) -> None:
    (folder / "mail.htm").write_text("<p>Hello</p>")

    ran = bare.ok(f"listkeep template check mail.htm {WITH}")

    assert "there is no plain text" in ran.stderr
    assert "nobody can unsubscribe by a link in the text" in ran.stderr


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("mail.html", 2, "an .html file needs --from and --subject"),
        (f"mail.eml {WITH}", 2, "an .eml file has its headers and its text in it"),
        ("nothing.eml", 2, "there is no such file"),
        (f"mail.html --text nothing.txt {WITH}", 2, "there is no such file"),
        (f"odd.html {WITH}", 3, "the file is not UTF-8"),
    ],
)
def test_wrong_usage_is_explained(
    bare: Terminal, folder: Path, line: str, status: int, said: str
) -> None:
    ran = bare(f"listkeep template check {line}")

    assert ran.status == status
    assert ran.stderr.startswith(f"listkeep: {said}\n")
