"""A real Mailman that only ever holds tokens, behind a real Postfix.

The configuration of both is the shipped one (`deploy/mailman`, `deploy/postfix`), the
instance a real one. Mailman gets its members as `listkeep tokens --as mailman` writes
them, an editor posts to the list, and people get mail. It is told once, since ten
programs have to start for it; each test looks at another side.
"""

import re
import smtplib
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest

from bench.mail_message import HTML, TEXT
from bench.sending import (
    LIST,
    SENDER,
    SUBJECT,
    Sending,
    ask_for_send,
    sending_instance,
    started_send,
)
from listkeep.cli.running.children import own_command, own_environment
from listkeep.cli.running.supervisor import WORKER, Supervisor
from listkeep.core.mail import AliasKey, open_alias, parse_return_address
from listkeep.core.mail.token_addresses import OTHER_BUCKET
from listkeep.core.sealing import format_token
from listkeep.drill.postfix import (
    Postfix,
    Shipped,
    before_the_proxy,
    running_postfix,
    why_not,
)
from listkeep.wire.messages import sends as d
from tests.fakes.mail_sink import MailSink, Taken
from tests.fakes.mailman import (
    DEPLOY,
    Mailman,
    running_mailman,
    wait_until,
    why_no_mailman,
)
from tests.fakes.sink_thread import serving_sink
from tests.interop.traces import (
    LOCAL,
    PLANTED,
    files_with,
    for_people,
    text_of,
    tokens_of,
)
from tests.ports import find_port

_REASON = why_not() or why_no_mailman()
pytestmark = [
    pytest.mark.skipif(bool(_REASON), reason=_REASON or "Mailman can be run"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ROWS = 12
ADDRESS = "news@lists.example.com"
ID = "news.lists.example.com"
EDITOR = "news@example.com"
REFUSED = 3  # the attempt the world refuses for good
_TOKEN_ADDRESS = re.compile(r"[a-z2-7]{26}@p[0-9]+\.token\.example\.com")


@dataclass
class World:
    """Everybody's mail servers: one mailbox is not there, one is full for a while."""

    is_full: bool = True
    sink: MailSink = field(default_factory=MailSink)

    def __post_init__(self) -> None:
        self.sink.mood = self.mood

    def mood(self, stage: str, count: int) -> str:
        """Repeat the address each time, as servers do."""
        if stage == "RCPT" and count == REFUSED:
            return "550 5.1.1 <{address}>: {local} is not here"
        if stage == "RCPT" and count >= ROWS and self.is_full:
            return "452 4.2.2 {local} is full, {address}"
        return ""


def template() -> EmailMessage:
    """Write the template, as a mail program does."""
    made = EmailMessage()
    made["From"], made["Reply-To"], made["Subject"] = SENDER, EDITOR, SUBJECT
    made.set_content(TEXT)
    made.add_alternative(HTML, subtype="html")
    return made


def announcement(request: str) -> EmailMessage:
    """Write what an editor posts: the template, with the application's slot filled."""
    made = EmailMessage()
    made["From"], made["Reply-To"], made["Subject"] = SENDER, EDITOR, SUBJECT
    made["To"], made["Message-ID"] = ADDRESS, "<spring@example.com>"
    made["X-Listkeep-Send"] = request
    made.set_content(TEXT.replace("[[points:number]]", "12"))
    made.add_alternative(HTML.replace("[[points:number]]", "12"), subtype="html")
    return made


def remark() -> EmailMessage:
    """Write what nobody signed for."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = SENDER, ADDRESS, "By the way"
    made["Message-ID"] = "<remark@example.com>"
    made.set_content("Do have a look at https://phish.example/")
    return made


def bounce(address: str) -> bytes:
    """Write what a mail server sends back later, full of the address."""
    return (
        "From: MAILER-DAEMON@mx.example\nSubject: Undelivered\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\n\n<{address}> is not here any more.\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n"
        f"\nFinal-Recipient: rfc822; {address}\nAction: failed\nStatus: 5.1.1\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nTo: {address}\n--b--\n"
    ).encode()


@dataclass
class Story:
    """All that happened, for the tests to look at."""

    sending: Sending
    postfix: Postfix
    mailman: Mailman
    world: World
    returns: int  # the port where mail comes back
    imported: Path
    send: d.Send | None = None
    deferred: list[str] = field(default_factory=list)  # Postfix' files while it waited
    leaks: list[str] = field(default_factory=list)  # and those with an address in them
    mail: list[Taken] = field(default_factory=list)
    bounces: str = ""  # what Mailman wrote about them
    members: list[set[str]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The instance's folder."""
        return self.sending.running.home

    def listkeep(self, *words: str, stdin: str = "") -> str:
        """Run a command of ours, as ada."""
        done = subprocess.run(
            own_command(*words, "--as", "ada"),
            env=own_environment(self.home),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def count(self, segment: str) -> int:
        """Count entries of the list."""
        return self.sending.running.dock.count(LIST, segment).count

    def hand_members_over(self) -> None:
        """Write who is subscribed, and have Mailman take them."""
        self.imported.unlink(missing_ok=True)
        self.listkeep("tokens", LIST, "--as", "mailman", "-o", str(self.imported))
        self.mailman.run("syncmembers", "-W", str(self.imported), ADDRESS)
        self.members.append(self.mailman.members(ID))

    def post(self, message: EmailMessage) -> None:
        """Post to the list, through the mail server."""
        with smtplib.SMTP("127.0.0.1", self.postfix.port, timeout=30) as client:
            client.send_message(message, EDITOR, [ADDRESS])

    def settle(self) -> None:
        """Wait until nothing waits in any queue."""
        wait_until(lambda: not self.mailman.waiting())
        self.postfix.wait_empty()
        wait_until(lambda: not self.mailman.waiting())  # bounces of the last ones

    def token_of(self, taken: Taken) -> str:
        """Find whose message it was, which we can and nobody who sends or gets it."""
        assert self.send
        address = parse_return_address(taken.sender, mail_domain=self.send.mail_domain)
        key = AliasKey(self.send.tag, self.send.alias_key)
        return format_token(open_alias(key, address.alias))

    # --- the chapters ---

    def announce(self) -> None:
        """Post what was signed for, and look while a message waits."""
        request = ask_for_send(self.sending, ROWS)
        file = self.home / "spring.eml"
        file.write_bytes(self.sending.source)
        self.listkeep("send", "begin", request, "--template", str(file))
        self.send = started_send(self.sending, request)
        self.post(announcement(request))
        wait_until(lambda: "status=deferred" in self.postfix.log)
        wait_until(lambda: len(self.world.sink.taken) == ROWS - 2)
        spool = self.postfix.home / "spool"
        self.deferred = [p.parent.parent.name for p in spool.glob("defer*/*/*")]
        self.leaks = files_with(PLANTED, self.postfix.home, self.mailman.home)
        self.world.is_full = False
        self.settle()
        self.mail = for_people(self.world.sink.taken)
        wait_until(lambda: "bounce score" in self.mailman.log("bounce"))
        self.bounces = self.mailman.log("bounce")

    def leave_in_mailman(self) -> None:
        """Take somebody off the list there, and tell Listkeep, as the guide says."""
        token = self.token_of(self.mail[0])
        self.mailman.remove(ID, f"{token}@p{OTHER_BUCKET}.token.example.com")
        here = self.mailman.members(ID)
        left = set(self.imported.read_text().split()) - here
        tokens = "\n".join(address.partition("@")[0] for address in left)
        said = self.listkeep(
            *("suppress", LIST, "-", "--reason", "unsubscribed"), stdin=tokens
        )
        assert said.startswith("1 token suppressed, 1 entry changed")

    def bounce_later(self) -> None:
        """Have a mail server send one back that it had taken."""
        one = self.mail[1]
        with smtplib.SMTP("127.0.0.1", self.returns, timeout=30) as client:
            client.sendmail("", one.sender, bounce(one.recipient))
        wait_until(lambda: self.count("status = bounced") == 2)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Tell it, from the import to what comes back later."""
    with _stage(tmp_path_factory.mktemp("mailman")) as told:
        told.listkeep("login")
        told.hand_members_over()
        told.announce()
        told.leave_in_mailman()
        told.bounce_later()
        told.hand_members_over()
        told.post(remark())
        wait_until(lambda: "remark@" in told.mailman.log("smtp"))
        told.settle()
        yield told


@contextmanager
def _stage(folder: Path) -> Iterator[Story]:
    """Start all there is."""
    world, submission, returns = World(), find_port(), find_port()
    with ExitStack() as stack:
        stack.enter_context(serving_sink(world.sink))
        mailman = stack.enter_context(
            running_mailman(folder / "mailman", smtp=submission)
        )
        sending = stack.enter_context(
            sending_instance(
                ROWS,
                signs=True,
                sink=world.sink.port,
                local=LOCAL,
                source=bytes(template()),
                outlet=f'returns_listen = "127.0.0.1:{returns}"\n',
            )
        )
        mailman.wait_ready()
        mailman.create(ADDRESS, (DEPLOY / "list.json").read_bytes())
        files = before_both(sending, mailman, world=world.sink.port)
        postfix = stack.enter_context(
            running_postfix(
                folder / "postfix",
                submission,
                main=files.main,
                master=files.master,
                files=files.files,
            )
        )
        stack.enter_context(Supervisor(sending.running.instance, (WORKER,)))
        imported = folder / "members.txt"
        yield Story(sending, postfix, mailman, world, returns, imported)


def before_both(sending: Sending, mailman: Mailman, *, world: int) -> Shipped:
    """Give Postfix the shipped configuration, before the proxy and before Mailman."""
    name, key = sending.login.read_text().split()
    shipped = before_the_proxy(
        token_domain="token.example.com", proxy=sending.port, login=f"{name}:{key}"
    )
    lists = (DEPLOY / "main.cf").read_text()
    main = re.sub(r"(?m)^transport_maps.*\n", "", shipped.main) + lists
    # What Mailman tells its people goes to the world as well, so that it can be read.
    shipped.files["listkeep_transport"] += f"example.com smtp:[127.0.0.1]:{world}\n"
    return Shipped(
        main.replace("/var/lib/mailman3", str(mailman.home / "var")),
        shipped.master,
        shipped.files,
    )


def test_everybody_gets_the_announcement_once_by_name_and_signed(story: Story) -> None:
    counts = Counter(one.recipient for one in story.mail)

    assert set(counts.values()) == {1}
    assert len(counts) == ROWS - 1
    for one in story.mail:
        read = BytesParser(policy=policy.default).parsebytes(one.content)
        assert read["to"].addresses[0].addr_spec == one.recipient
        assert read["subject"] == "Hi Reader"
        assert read["dkim-signature"]
        assert one.sender.endswith("@bounce.example.com")


def test_mailman_and_postfix_hold_tokens_and_no_address_in_any_file(
    story: Story,
) -> None:
    assert len(story.members[0]) == ROWS
    assert all(map(_TOKEN_ADDRESS.fullmatch, story.members[0]))

    database = (story.mailman.home / "var/data/mailman.db").read_bytes()
    assert next(iter(story.members[0])).encode() in database
    assert {"defer", "deferred"} <= set(story.deferred)
    assert story.leaks == []
    assert files_with(PLANTED, story.postfix.home, story.mailman.home) == []


def test_our_own_files_hold_no_address_but_in_the_file_that_was_imported(
    story: Story,
) -> None:
    assert (story.home / "log" / "proxy.log").stat().st_size

    found = files_with(PLANTED, story.home)

    assert [Path(name).name for name in found] == ["bench-list.csv"]


def test_no_token_is_in_the_mail_that_people_get(story: Story) -> None:
    received = text_of(story.mail)
    tokens = tokens_of(story.sending)

    assert PLANTED.search(received)  # what is looked for elsewhere would be found
    assert len(tokens) == ROWS
    assert [token for token in tokens if token.encode() in received] == []


def test_a_refusal_comes_back_to_mailman_as_a_bounce_of_a_token(story: Story) -> None:
    bounced = re.findall(r"Member (\S+) on list \S+, bounce score = 1", story.bounces)

    assert len(bounced) == 1
    assert bounced[0] in story.members[0]
    assert story.postfix.log.count("dsn=5.1.1, status=bounced") == 1


def test_who_bounced_or_left_is_gone_from_both_after_the_next_hand_over(
    story: Story,
) -> None:
    assert story.count("status = unsubscribed") == 1
    assert story.count("status = bounced") == 2  # at once, and later
    assert len(story.members[1]) == ROWS - 3
    assert story.members[1] < story.members[0]


def test_what_nobody_signed_for_reaches_nobody(story: Story) -> None:
    refused = re.findall("template-differs", story.postfix.log)

    assert len(refused) == ROWS - 3  # each of those who are left
    assert len(for_people(story.world.sink.taken)) == ROWS - 1
