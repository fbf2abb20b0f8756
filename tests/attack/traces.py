"""Every way in which a planted word could have been left on a disk."""

import base64
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_DEFLATE = (b"\x1f\x8b\x08", b"\x78\x9c", b"\x78\x01", b"\x78\xda")
_INFLATED = 4_000_000


def spellings(word: str) -> dict[str, bytes]:
    """Spell a word as programs do: other cases, widths, directions and encodings."""
    found: dict[str, bytes] = {}
    for case, text in (("", word), ("capitals ", word.upper())):
        for direction, turned in (("", text), ("reversed ", text[::-1])):
            for width, raw in (
                ("", turned.encode()),
                ("utf-16 ", turned.encode("utf-16-le")),
            ):
                name = f"{case}{direction}{width}"
                found[f"{name}plain"] = raw
                found[f"{name}hex"] = raw.hex().encode()
                found[f"{name}HEX"] = raw.hex().upper().encode()
                for offset in range(3):
                    encoded = base64.b64encode(bytes(offset) + raw).rstrip(b"=")
                    found[f"{name}base64+{offset}"] = encoded[4 if offset else 0 : -2]
    return found


class Search:
    """Looks for a word in files, whatever they are called."""

    def __init__(self, word: str) -> None:
        self._spelt = spellings(word)
        self.bytes = 0

    def in_data(self, data: bytes) -> list[str]:
        """Name the spellings that stand there, also inside what is compressed."""
        self.bytes += len(data)
        found = [name for name, spelt in self._spelt.items() if spelt in data]
        for inflated in _inflated(data):
            found += [
                f"compressed {name}"
                for name, spelt in self._spelt.items()
                if spelt in inflated
            ]
        return found

    def in_folder(self, folder: Path) -> dict[str, list[str]]:
        """Search every file below a folder, and the names of files."""
        hits = {}
        for path in sorted(folder.rglob("*")):
            found = self.in_data(str(path.relative_to(folder)).encode())
            if path.is_file():
                found += self.in_data(path.read_bytes())
            if found:
                hits[str(path.relative_to(folder))] = found
        return hits


def _inflated(data: bytes) -> Iterator[bytes]:
    for magic in _DEFLATE:
        start = data.find(magic)
        while start >= 0:
            with suppress(zlib.error):
                yield zlib.decompressobj(wbits=47).decompress(
                    data[start : start + _INFLATED], _INFLATED
                )
            start = data.find(magic, start + 1)
