"""What the next mail server, or who sits in between, tries with what it answers.

It wants a letter to count as delivered that nobody has, an answer to be taken for
another's, content for somebody it refused, or memory and time without end.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import pytest

from listkeep.dock.outlet.delivery import dialogue
from listkeep.dock.outlet.delivery.connections import Hop, Pool
from listkeep.dock.outlet.delivery.delivering import Letter
from listkeep.dock.outlet.delivery.dialogue import (
    MAX_REPLY_BYTES,
    NotReachedError,
    content_of,
    envelope_of,
)
from listkeep.dock.outlet.delivery.trust import Opportunistic

LETTER: Final = Letter(
    "b@bounce.example.com", "anna@example.org", b"A: b\r\n\r\nhi\r\n"
)
OFFER: Final = "250-mx\r\n250-PIPELINING\r\n250 SIZE 1\r\n"
PLAIN: Final = "250 mx\r\n"
TAKEN: Final = "250 2.0.0 taken\r\n"
ENVELOPE: Final = "250 ok\r\n250 ok\r\n354 go on\r\n"
REFUSED: Final = "250 ok\r\n550 5.1.1 nobody\r\n503 5.5.1 no\r\n"
OVER: Final = b"\r\n.\r\n"


@dataclass
class Liar:
    """Says what it was told to, each thing after it has heard so many lines."""

    says: Sequence[tuple[bytes, str]]  # what it waits for, what it says then
    offer: str = OFFER
    byte_by_byte: bool = False
    hangs_up: bool = False
    heard: list[bytes] = field(default_factory=list)
    met: int = 0

    async def meet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.met += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._say(writer, "220 mx\r\n")
            for wanted, answer in [(b"EHLO", self.offer), *self.says]:
                while True:
                    line = await reader.readuntil(b"\n")
                    self.heard.append(line)
                    if line.startswith(wanted):
                        break
                await self._say(writer, answer)
            if not self.hangs_up:
                while line := await reader.readline():
                    self.heard.append(line)
        writer.close()

    async def _say(self, writer: asyncio.StreamWriter, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        for part in [data[at : at + 1] for at in range(len(data))] or [b""]:
            if not self.byte_by_byte:
                part = data  # noqa: PLW2901 - all of it, once
            writer.write(part)
            await writer.drain()
            if not self.byte_by_byte:
                return
            await asyncio.sleep(0)


Work = Callable[[Pool, Hop], Awaitable[str]]


def speak(liar: Liar, work: Work | None = None) -> str:
    """Hand the letter to a liar; give the reply, or why it was not reached."""

    async def go() -> str:
        server = await asyncio.start_server(liar.meet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        pool = Pool("proxy.example", "", loop.time, _seen, _offered)
        hop = Hop("mx.example.org", "127.0.0.1", port, Opportunistic())
        try:
            return await (work or send)(pool, hop)
        except NotReachedError as error:
            return f"not reached: {error.reply}"
        finally:
            await pool.close()
            server.close()
            await asyncio.sleep(0.01)

    return asyncio.run(go())


async def send(pool: Pool, hop: Hop) -> str:
    return await pool.send(hop, LETTER)


async def send_twice(pool: Pool, hop: Hop) -> str:
    return f"{await send(pool, hop)} | {await send(pool, hop)}"


async def _seen(_host: str) -> None:
    """Note nothing."""


async def _offered(_host: str) -> bool:
    return False


def took_content(liar: Liar) -> bool:
    return b"hi\r\n" in liar.heard


# --- the usual way ---


@pytest.mark.parametrize("is_slow", [False, True])
def test_replies_are_read_alike_together_and_byte_by_byte(is_slow: bool) -> None:
    liar = Liar([(b"DATA", ENVELOPE), (b".", TAKEN)], byte_by_byte=is_slow)

    assert speak(liar) == "250 2.0.0 taken"
    assert liar.heard[1:] == [
        b"MAIL FROM:<b@bounce.example.com>\r\n",
        b"RCPT TO:<anna@example.org>\r\n",
        b"DATA\r\n",
        *(b"A: b\r\n", b"\r\n", b"hi\r\n", b".\r\n"),
    ]


def test_replies_of_many_lines_count_once() -> None:
    long = "250-one\r\n250-two\r\n250 three\r\n"
    envelope = f"{long}{long}354-go\r\n354 on\r\n"

    assert speak(Liar([(b"DATA", envelope), (b".", long)])) == "250 one\ntwo\nthree"


def test_who_offers_nothing_is_told_one_command_at_a_time() -> None:
    says = [
        (b"MAIL", "250 ok\r\n"),
        (b"RCPT", "250 ok\r\n"),
        (b"DATA", "354 go\r\n"),
        (b".", TAKEN),
    ]

    assert speak(Liar(says, offer=PLAIN)) == "250 2.0.0 taken"


# --- a letter that nobody has ---


@pytest.mark.parametrize(
    "early",
    [
        "250 ok\r\n250 ok\r\n250 2.0.0 taken\r\n",
        "250 ok\r\n250 ok\r\n250 ok\r\n250 2.0.0 taken\r\n",
        "250 ok\r\n250 ok\r\n354 go on\r\n250 2.0.0 taken\r\n",
        "250 ok\r\n354 go on\r\n250 2.0.0 taken\r\n",
        "354 go on\r\n250 2.0.0 taken\r\n250 ok\r\n",
        "250 ok\r\n250 ok\r\n354 go on\r\n250 2.0.0 tak",
    ],
)
def test_who_says_that_it_took_the_letter_before_it_came_did_not(early: str) -> None:
    liar = Liar([(b"DATA", early)])

    assert speak(liar).startswith("not reached: 451 4.5.0")
    assert not took_content(liar)


@pytest.mark.parametrize("offer", [OFFER, PLAIN])
def test_a_yes_to_data_is_no_delivery(offer: str) -> None:
    says = [(b"DATA", "250 ok\r\n250 ok\r\n250 2.0.0 taken\r\n")]
    if offer == PLAIN:
        says = [(w, "250 2.0.0 taken\r\n") for w in (b"MAIL", b"RCPT", b"DATA")]
    liar = Liar(says, offer=offer)

    assert speak(liar).startswith("not reached: 451 4.5.0")
    assert not took_content(liar)


def test_the_yes_to_an_empty_letter_is_no_delivery() -> None:
    """The recipient is refused, the content is wanted all the same (RFC 2920, 3.1)."""
    refused = "250 ok\r\n550 5.1.1 nobody\r\n354 go on\r\n"
    liar = Liar([(b"DATA", refused), (b".", TAKEN)])

    assert speak(liar) == "550 5.1.1 nobody"
    assert liar.heard[-1] == b"DATA\r\n", "not even a dot"


# --- an answer that is taken for another's ---


def test_a_reply_too_many_is_not_the_answer_to_the_next_letter() -> None:
    liar = Liar([(b"DATA", ENVELOPE), (b".", f"{TAKEN}250 ok\r\n")])

    # The second goes over a connection of its own, where nothing is left over.
    assert speak(liar, send_twice) == "250 2.0.0 taken | 250 2.0.0 taken"
    assert liar.met == 2


def test_what_comes_while_nothing_is_asked_ends_the_connection() -> None:
    liar = Liar([(b"DATA", ENVELOPE), (b".", TAKEN)], byte_by_byte=True)

    async def wait_between(pool: Pool, hop: Hop) -> str:
        first = await send(pool, hop)
        [[kept]] = pool._kept.values()
        kept.dialogue.data_received(b"250 2.0.0 ok\r\n250 2.0.0 ok\r\n354 go\r\n")
        return f"{first} | {await send(pool, hop)}"

    assert speak(liar, wait_between) == "250 2.0.0 taken | 250 2.0.0 taken"
    assert liar.met == 2


def test_a_refusal_of_the_sender_is_the_answer_and_not_what_follows_from_it() -> None:
    refused = "550 5.7.1 not you\r\n503 5.5.1 first MAIL\r\n503 5.5.1 first RCPT\r\n"
    liar = Liar([(b"DATA", refused), (b"RSET", "250 ok\r\n")])

    assert speak(liar) == "550 5.7.1 not you"


def test_a_refusal_holds_though_the_server_hangs_up_behind_it() -> None:
    liar = Liar([(b"DATA", "250 ok\r\n550 5.1.1 nobody\r\n")], hangs_up=True)

    assert speak(liar) == "550 5.1.1 nobody"


def test_a_server_that_falls_silent_behind_a_refusal_holds_nobody_up() -> None:
    """It would have our own mail server wait for a minute over each letter."""
    liar = Liar([(b"DATA", REFUSED), (b"RSET", "")])

    async def send_with_a_guard(pool: Pool, hop: Hop) -> str:
        async with asyncio.timeout(dialogue.REPLY_SECONDS / 2):
            return await send(pool, hop)

    assert speak(liar, send_with_a_guard) == "550 5.1.1 nobody"


def test_who_does_not_begin_anew_in_time_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dialogue, "ANEW_SECONDS", 0)
    liar = Liar([(b"DATA", REFUSED), (b"RSET", "")])

    assert speak(liar, send_twice) == "550 5.1.1 nobody | 550 5.1.1 nobody"
    assert liar.met == 2


def test_the_letter_behind_a_refusal_goes_once_the_server_has_begun_anew() -> None:
    says = [(b"DATA", REFUSED), (b"RSET", "250 ok\r\n"), (b"DATA", ENVELOPE)]
    liar = Liar([*says, (b".", TAKEN)])

    assert speak(liar, send_twice) == "550 5.1.1 nobody | 250 2.0.0 taken"
    assert liar.met == 1


def test_a_server_that_refuses_to_begin_anew_is_not_used_again() -> None:
    liar = Liar([(b"DATA", REFUSED), (b"RSET", "502 5.5.2 what\r\n")])

    assert speak(liar, send_twice) == "550 5.1.1 nobody | 550 5.1.1 nobody"
    assert liar.met == 2


# --- nonsense, too much, never ---


@pytest.mark.parametrize(
    "nonsense",
    [
        "hello\r\n",
        "\r\n",
        "25\r\n",
        "2500 ok\r\n",
        "199 ok\r\n",
        "\0\0\0 \r\n",
        "-1 a\r\n",
    ],
)
def test_what_is_no_reply_is_none(nonsense: str) -> None:
    before = Liar([(b"DATA", nonsense)])
    behind = Liar([(b"DATA", ENVELOPE), (b".", nonsense)])

    assert speak(before).startswith("not reached: 451 4.5.0")
    assert speak(behind).startswith("451 4.5.0"), "it may have it, or not"


@pytest.mark.parametrize(
    "endless", ["250-" + "x" * 70 + "\r\n", "250 " + "x" * 70, "2"], ids=repr
)
@pytest.mark.parametrize("at", ["envelope", "content"])
def test_a_reply_without_end_takes_no_memory(endless: str, at: str) -> None:
    flood = endless * (MAX_REPLY_BYTES // len(endless) + 1)
    says = [(b"DATA", flood)]
    if at == "content":
        says = [(b"DATA", ENVELOPE), (b".", flood)]

    assert "451 4.5.0" in speak(Liar(says))


@pytest.mark.parametrize("heard", ["", "250 ok\r\n", "250 ok\r\n250 ok\r\n", "250-o"])
def test_who_never_answers_is_given_up(
    heard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "REPLY_SECONDS", 0.2)

    assert speak(Liar([(b"DATA", heard)])).startswith("not reached: 451 4.4.1")


def test_each_reply_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them together take longer than one may."""
    monkeypatch.setattr(dialogue, "REPLY_SECONDS", 2.0)
    envelope = [(w, r) for w, r in zip((b"MAIL", b"RCPT", b"DATA"), "225", strict=True)]

    class Slow(Liar):
        async def _say(self, writer: asyncio.StreamWriter, text: str) -> None:
            await asyncio.sleep(0 if text.startswith("220") else 0.9)
            await super()._say(writer, text)

    says = [(w, "354 go\r\n" if r == "5" else "250 ok\r\n") for w, r in envelope]

    assert speak(Slow([*says, (b".", TAKEN)])) == "250 2.0.0 taken"


def test_what_a_reply_hides_behind_a_bare_carriage_return_stays_in_it() -> None:
    says = [(b"DATA", ENVELOPE), (b".", "550 5.1.1 no\r250 2.0.0 taken\r\n")]

    assert speak(Liar(says, hangs_up=True)).startswith("550 5.1.1 no")


# --- what a letter says ---


@pytest.mark.parametrize(
    "bad", ["a@b.c>\r\nRCPT TO:<x@y.z", "a>b@c.d", "a\0@b.c", "a\x85@b.c"]
)
def test_an_address_stays_within_its_command(bad: str) -> None:
    for letter in (Letter(bad, "a@b.c", b""), Letter("a@b.c", bad, b"")):
        with pytest.raises(ValueError, match="command"):
            envelope_of(letter)


@pytest.mark.parametrize(
    "data",
    [
        b"a\r\n.\r\nMAIL FROM:<x@y.z>\r\n",
        b"a\n.\nMAIL FROM:<x@y.z>\n",
        b"a\r.\rMAIL FROM:<x@y.z>",
        b"a\n.\r\nMAIL FROM:<x@y.z>",
        b"a\r\n.\nMAIL FROM:<x@y.z>",
        b".\r\nMAIL FROM:<x@y.z>",
        b".",
        b"",
    ],
)
def test_no_content_ends_before_its_end(data: bytes) -> None:
    said = content_of(Letter("a@b.c", "a@b.c", data))

    assert said.endswith(b"\r\n.\r\n") or said == b"\r\n.\r\n"
    assert (b"\r\n" + said).index(OVER) == len(said) + 2 - len(OVER)
    assert said.count(b"\r\n") == said.count(b"\n") == said.count(b"\r")
