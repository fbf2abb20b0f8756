"""Look for what must not be there: planted addresses in files, tokens in mail."""

import base64
import re
from collections.abc import Iterable
from pathlib import Path

from bench.sending import LIST, Sending
from listkeep.core.sealing import format_token, parse_token
from tests.fakes.mail_sink import Taken

LOCAL = "zebedee"
"""What the local parts of all planted addresses begin with."""
_SHORTEST = 6  # characters; fewer are found by chance


def spellings(text: str) -> re.Pattern[bytes]:
    """Find a text as it is, backwards, in hexadecimal, and within base64."""
    raw = text.encode()
    found = {raw, raw[::-1], raw.hex().encode()}
    for offset in range(3):  # what stands before it moves the letters
        whole = base64.b64encode(bytes(offset) + raw)
        # The first and last letters hold bits of what stands beside it.
        found.add(whole[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6])
    assert min(map(len, found)) >= _SHORTEST
    return re.compile(b"|".join(map(re.escape, sorted(found))), re.IGNORECASE)


PLANTED = spellings(LOCAL)


def files_with(pattern: re.Pattern[bytes], *folders: Path) -> list[str]:
    """Name the files below some folders in which something is, or whose name is."""
    read = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert read
    return [
        str(path)
        for path in read
        if pattern.search(path.read_bytes()) or pattern.search(str(path).encode())
    ]


def for_people(taken: Iterable[Taken]) -> list[Taken]:
    """Take what went to planted addresses, out of all that the world got."""
    return [one for one in taken if LOCAL in one.recipient]


def text_of(taken: Iterable[Taken]) -> bytes:
    """Put messages together, with lines of quoted-printable joined."""
    return b"".join(one.content.replace(b"=\r\n", b"") for one in taken)


def tokens_of(sending: Sending) -> list[str]:
    """Read the tokens of the list."""
    with sending.running.dock.stream_tokens(LIST, file_format="csv") as chunks:
        lines = b"".join(chunks).decode().splitlines()[1:]
    return [format_token(parse_token(line.partition(",")[0])) for line in lines]
