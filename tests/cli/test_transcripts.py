"""Each transcript is run against a real instance, in its order."""

import re
from pathlib import Path

import pytest

from listkeep.drill.audience import SampleAudience
from tests.cli.stage import Terminal
from tests.cli.transcript import Step, matches, read_steps

FOLDER = Path(__file__).parent / "transcripts"
PEOPLE = """E-mail,Plan,Country,Name
anna@example.com,pro,DE,Anna
bert@example.com,pro,DE,Bert
carl@example.net,pro,DE,Carl
dora@example.net,pro,DE,Dora
emil@example.org,pro,DE,Emil
fred@example.org,free,FR,Fred
gina@example.com,free,FR,Gina
hans@example.com,free,FR,Hans
ines@example.net,free,FR,Ines
not an address,free,FR,Nobody
jens@example.net,free,FR,Jens
"""
MAIL = """<p>Dear [[name:sealed|reader]], see
<a href="https://shop.example.com/spring">our offers</a>.</p>
"""
KLAVIYO = """Email,Klaviyo ID,Plan,Email Marketing Consent,Email Suppressions
anna@example.com,K1,pro,SUBSCRIBED,
bert@example.com,K2,pro,SUBSCRIBED,"[{'reason': 'SPAM_COMPLAINT'}]"
carl@example.net,K3,pro,NEVER_SUBSCRIBED,
dora@example.net,K4,pro,UNSUBSCRIBED,
"""
FEW = """@id("few") @says("two addresses at a time are enough here")
forbid (principal, action == Action::"reveal", resource)
when { context.cap > 2 };
"""


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda p: p.stem)
def test_the_transcript_is_what_happens(path: Path, terminal: Terminal) -> None:
    write_files(terminal.folder)
    names: dict[str, str] = {}
    for step in read_steps(path):
        play(step, terminal, names, where=f"{path.name}:{step.line}")


def test_there_are_transcripts() -> None:
    assert len(list(FOLDER.glob("*.txt"))) >= 6


def test_a_wrong_expectation_is_seen() -> None:
    assert not matches(["562"], "563\n", {})
    assert not matches(["562"], "562\n563\n", {})
    assert matches(["562", "..."], "562\n563\n", {})
    assert not matches(
        ["<request:r> <request:r>"], "r_aaaaaaaaaaaa r_bbbbbbbbbbbb\n", {}
    )


def play(step: Step, terminal: Terminal, names: dict[str, str], *, where: str) -> None:
    command = re.sub(r"\{([a-z]+)\}", lambda found: names[found[1]], step.command)
    ran = terminal(command)
    seen = f"{where}\n$ {command}\n{ran.stdout}--- stderr\n{ran.stderr}"
    assert matches(step.stdout, ran.stdout, names), seen
    assert matches(step.stderr, ran.stderr, names), seen
    assert ran.status == step.status, seen


def write_files(folder: Path) -> None:
    (folder / "people.csv").write_text(PEOPLE)
    (folder / "mail.html").write_text(MAIL)
    (folder / "welcome.html").write_text(MAIL.replace("spring", "welcome"))
    (folder / "form.html").write_text("<form><p>Your password?</p></form>")
    (folder / "address.txt").write_text("Anna@Example.com\n")
    (folder / "stranger.txt").write_text("zoe@example.com\n")
    (folder / "wrong.txt").write_text("this is no address\n")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 40)
    (folder / "utf16.csv").write_bytes(PEOPLE.encode("utf-16-le"))
    (folder / "marked.csv").write_bytes(PEOPLE.encode("utf-16"))
    (folder / "klaviyo.csv").write_text(KLAVIYO)
    (folder / "header.csv").write_text("Name,Plan\nAnna,pro\n")
    (folder / "norow.csv").write_text("Email Address,Plan\nnobody,pro\n")
    (folder / "long.csv").write_bytes(b"Email Address\n" + b"x" * 10_000_000 + b"\n")
    (folder / "few.cedar").write_text(FEW)
    (folder / "nothing-more.cedar").write_text("// nothing more is forbidden\n")
    (folder / "typo.cedar").write_text(FEW.replace("context.cap", "context.capp"))
    (folder / "permit.cedar").write_text(FEW.replace("forbid", "permit"))
    large = SampleAudience(rows=11_000, seed=7)
    (folder / "large.csv").write_bytes(b"".join(large))
