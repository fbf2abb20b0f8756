"""A newsletter application with Django that only ever holds tokens, and no mail server.

It is somebody else's program in a process of its own. It imports a file of token
addresses, writes to its subscribers under a standing send, through the delivery proxy
at once, and keeps all it heard.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.mail_message import HTML, TEXT
from bench.sending import LIST, Sending, ask_for_send, sending_instance
from listkeep.cli.running.children import own_command, own_environment
from tests.fakes.mail_sink import MailSink
from tests.fakes.sink_thread import serving_sink
from tests.interop.traces import LOCAL, PLANTED, files_with, text_of, tokens_of

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
ROOT = Path(__file__).parents[2]
ROWS = 20
SLOT = "[[points:number]]"
REFUSED, LATER = 5, 8  # which attempts the world refuses, for good and for now


def moody(stage: str, count: int) -> str:
    """Refuse one for good and one for now, and repeat the address each time."""
    if stage == "RCPT" and count == REFUSED:
        return "550 5.1.1 <{address}>: {local} is not here"
    if stage == "RCPT" and count == LATER:
        return "452 4.2.2 {local} is full, {address}"
    return ""


@dataclass
class Newsletter:
    """The application, and what is around it."""

    sending: Sending
    world: MailSink
    folder: Path
    request: str

    def run(self, *words: str) -> str:
        """Run one of its commands; its errors and conversations go to its log."""
        name, key = self.sending.login.read_text().split()
        with (self.folder / "newsletter.log").open("ab") as log:
            done = subprocess.run(
                [sys.executable, "-m", "tests.interop.newsletter", *words],
                cwd=ROOT,
                env={
                    "PATH": os.environ["PATH"],
                    "NEWSLETTER_FOLDER": str(self.folder),
                    "NEWSLETTER_PORT": str(self.sending.port),
                    "NEWSLETTER_USER": name,
                    "NEWSLETTER_PASSWORD": key,
                },
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                check=False,
            )
        assert done.returncode == 0, (self.folder / "newsletter.log").read_text()[
            -2000:
        ]
        return done.stdout

    def listkeep(self, *words: str) -> None:
        """Run a command of ours, as ada."""
        done = subprocess.run(
            own_command(*words, "--as", "ada"),
            env=own_environment(self.sending.running.home),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def newsletter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsletter]:
    world, folder = MailSink(mood=moody), tmp_path_factory.mktemp("newsletter")
    with (
        serving_sink(world),
        sending_instance(ROWS, signs=True, sink=world.port, local=LOCAL) as sending,
    ):
        standing = {"kind": "standing", "triggers": "welcome", "pace": "600"}
        request = ask_for_send(sending, ROWS, **standing)
        made = Newsletter(sending, world, folder, request)
        template, subscribers = folder / "welcome.eml", folder / "tokens.csv"
        template.write_bytes(sending.source)
        for name, text in (("welcome.txt", TEXT), ("welcome.html", HTML)):
            (folder / name).write_text(text.replace(SLOT, "{{ points }}"))
        made.listkeep("login")
        made.listkeep("send", "begin", request, "--template", str(template))
        made.listkeep("tokens", LIST, "--as", "csv", "-o", str(subscribers))
        made.run("subscribe", str(subscribers))
        yield made


def test_a_whole_newsletter_leaves_no_address_with_the_application(
    newsletter: Newsletter,
) -> None:
    done = json.loads(newsletter.run("send", newsletter.request))

    # Everybody got one, but for the mailbox that is not there.
    counts = Counter(one.recipient for one in newsletter.world.taken)
    assert (done["sent"], done["over"]) == (ROWS - 1, 1)
    assert len(counts) == ROWS - 1
    assert set(counts.values()) == {1}
    assert {said[:3] for said in done["said"] if said} == {"550", "452"}

    # What the application keeps: database, import file, the log of all it heard.
    log = (newsletter.folder / "newsletter.log").read_text()
    assert "5.1.1" in log
    assert "4.2.2" in log
    assert files_with(PLANTED, newsletter.folder) == []
    assert files_with(PLANTED, newsletter.sending.running.home / "log") == []

    received = text_of(newsletter.world.taken)
    assert PLANTED.search(received)
    tokens = tokens_of(newsletter.sending)
    assert len(tokens) == ROWS
    assert [token for token in tokens if token.encode() in received] == []
    assert b"X-Campaign" not in received


def test_an_application_that_adds_a_link_reaches_nobody(newsletter: Newsletter) -> None:
    before = len(newsletter.world.taken)

    done = json.loads(
        newsletter.run("send", newsletter.request, "https://phish.example/")
    )

    assert (done["sent"], done["over"]) == (0, ROWS)
    assert all("template-differs" in said for said in done["said"])
    assert len(newsletter.world.taken) == before
