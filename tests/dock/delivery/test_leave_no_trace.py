"""No address in a log, a reply, the database, its write-ahead log or a file."""

import base64
import io
import logging
import quopri
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from listkeep.dock.project.logs import make_formatter
from tests.dock.conftest import database_folder
from tests.dock.delivery.post import Post, Stage
from tests.fakes.mail_sink import HANG_UP

LOCAL = "zebedee.quux"
ADDRESS = f"{LOCAL}@example.org"
OTHERS = tuple(f"quuxman{n}@example.org" for n in range(8))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that goes to the log, as it is written in production, debug included."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(make_formatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


ECHOES = {
    "plain": "550 5.1.1 <{address}>: no such user",
    "local": "550 5.1.1 user {local} unknown",
    "upper": f"550 5.1.1 {ADDRESS.upper()} unknown",
    "reversed": f"550 5.1.1 {ADDRESS[::-1]}",
    "base64": f"550 5.1.1 {base64.b64encode(ADDRESS.encode()).decode()}",
    "hex": f"550 5.1.1 {ADDRESS.encode().hex()}",
    "quoted": f"550 5.1.1 {quopri.encodestring(ADDRESS.encode()).decode()}=40",
    "percent": f"550 5.1.1 {quote(ADDRESS, safe='')}",
    "percent all": "550 5.1.1 " + "".join(f"%{b:02x}" for b in ADDRESS.encode()),
    "entities": "550 5.1.1 " + "".join(f"&#{ord(c)};" for c in ADDRESS),
    "spaced": "550 5.1.1 " + " ".join(ADDRESS),
    "at": f"550 5.1.1 {LOCAL} (at) example.org",
    "rot13": "550 5.1.1 mrorqrr.dhhk@rknzcyr.bet",
    "multiline": "550-5.1.1 The account\r\n550-5.1.1 {address}\r\n550 5.1.1 is gone",
    "for now": "452 4.2.2 {address} is full",
}


@pytest.mark.parametrize("name", ECHOES)
def test_a_server_that_repeats_the_address_tells_it_nobody(
    stage: Stage, log: io.StringIO, name: str
) -> None:
    stage.addresses = (ADDRESS,)
    stage.sink.mood = lambda stage, _count: ECHOES[name] if stage == "RCPT" else ""
    with stage.open() as post:
        reply = post.hand_over(post.recipient(ADDRESS))

        assert reply.startswith(ECHOES[name][:3])
        assert_clean(reply.encode())
        assert_clean(log.getvalue().encode())
        assert_clean(stored(post))


def test_after_a_whole_day_of_mail_nothing_has_an_address(
    stage: Stage, log: io.StringIO, home: Path
) -> None:
    stage.addresses = (ADDRESS, *OTHERS)
    moods = {
        2: "550 5.1.1 {address} unknown",
        3: HANG_UP,
        4: "421 {address}",
        5: "garbage {address}",
        6: "452 4.2.2 {local} is over quota",
    }
    stage.sink.mood = lambda stage, count: (
        moods.get(count, "") if stage in {"RCPT", "END"} else ""
    )
    replies = []
    with stage.open() as post:
        for _ in range(2):
            replies += [post.hand_over(post.recipient(a)) for a in stage.addresses]
        for wrong in (ADDRESS, f"{LOCAL}@token.example.net"):
            replies.append(post.hand_over(wrong))
            replies.append(post.hand_over(post.recipient(ADDRESS), post.message(wrong)))
        post.keeper.break_at("open_for_send", lambda: broken(ADDRESS))
        replies.append(post.hand_over(post.recipient(ADDRESS)))
        data = stored(post)

    refused = 1  # for good: handed over again it is refused as before
    taken = sum(reply.startswith("250") for reply in replies)
    assert taken >= len(stage.addresses) - refused
    for text in ("\n".join(replies).encode(), log.getvalue().encode(), data):
        assert_clean(text)
    for path in home.rglob("*"):
        if path.is_file():
            assert_clean(path.read_bytes())


def test_the_search_would_have_found_one(post: Post) -> None:
    with pytest.raises(AssertionError):
        assert_clean(f"x {ADDRESS.upper()} x".encode())
    assert stored(post).count(post.token("anna.muster@example.org"))


def broken(text: str) -> None:
    raise RuntimeError(text)


def stored(post: Post) -> bytes:
    folder = database_folder()
    return b"".join(
        path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    )


def assert_clean(data: bytes) -> None:
    lower = data.lower()
    for planted in ("zebedee", "quuxman", "eedebez"):
        for form in (
            planted,
            base64.b64encode(planted.encode()).decode().strip("=")[:8].lower(),
            planted.encode().hex(),
        ):
            assert form.encode() not in lower
