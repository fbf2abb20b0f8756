"""What a thief carried off, and which planted addresses are in it.

Planted addresses hold a marker, so they are found in any company: as they are, in
capitals, with the at sign replaced, in base64 at any offset, in hexadecimal, inside
gzip and zlib streams, and as unsalted MD5, SHA-1 or SHA-256, which is what lists
that were "anonymised" usually are.
"""

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

_HEX = re.compile(rb"[0-9a-fA-F]{32,128}")
_BASE64_AROUND = 400
_ALPHABET = re.compile(rb"[A-Za-z0-9+/=_-]*")
_DEFLATE = (b"\x1f\x8b\x08", b"\x78\x9c", b"\x78\x01", b"\x78\xda")
_RAW_DIGESTS_OF = 40
_INFLATED_FROM = 1_000_000  # bytes tried behind each magic number
_MAX_INFLATED = 50_000_000
_HASHES: tuple[Callable[[bytes], "hashlib._Hash"], ...] = (
    hashlib.md5,
    hashlib.sha1,
    hashlib.sha256,
)


class Loot:
    """Everything one thief obtained, searched as it comes in."""

    def __init__(self, planted: Iterable[str], marker: str) -> None:
        """Prepare to recognise the planted addresses."""
        self._planted = {address.lower(): address for address in planted}
        self._marker = marker.encode()
        self._address = re.compile(
            rb"[\w.+%-]{0,64}" + re.escape(self._marker) + rb"[\w.+%@ -]{0,120}",
            re.ASCII,
        )
        self._digests = {
            digest: address
            for address in self._planted
            for digest in _digests_of(address)
        }
        self._encoded = [
            core
            for spelling in (self._marker, self._marker.upper())
            for core in (
                *_base64_cores(spelling),
                binascii.hexlify(spelling),
                binascii.hexlify(spelling).upper(),
            )
        ]
        self.found: set[str] = set()
        self.bytes = 0
        self.attempts: list[str] = []

    def tried(self, what: str) -> None:
        """Note one attempt and what came of it."""
        self.attempts.append(what)

    def take(self, data: bytes | str) -> None:
        """Search what was obtained."""
        data = data.encode() if isinstance(data, str) else data
        self.bytes += len(data)
        self._search(data)
        for magic in _DEFLATE:
            start = data.find(magic)
            while start >= 0:
                self._search(_inflate(data[start : start + _INFLATED_FROM]))
                start = data.find(magic, start + 1)

    def take_folder(
        self, folder: Path, *, without: Iterable[str] = ()
    ) -> dict[str, bytes]:
        """Search every file below a folder; return the small ones, to find keys."""
        kept: dict[str, bytes] = {}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if not path.is_file() or name.parts[0] in set(without):
                continue
            data = path.read_bytes()
            self.take(data)
            if len(data) < 1_000_000:
                kept[str(name)] = data
        return kept

    def _search(self, data: bytes) -> None:
        folded = data.lower()
        if self._marker in folded:
            self._match(folded)
        for core in self._encoded:
            start = data.find(core)
            while start >= 0:
                self._decode(data, start)
                start = data.find(core, start + len(core))
        for run in _HEX.findall(folded):
            if run in self._digests:
                self.found.add(self._planted[self._digests[run]])
        for digest, address in self._raw_digests():
            if digest in data:
                self.found.add(self._planted[address])

    def _match(self, folded: bytes) -> None:
        for run in self._address.findall(folded):
            text = run.decode(errors="replace").replace("%40", "@").replace(" at ", "@")
            for address in self._planted.keys() - self.found:
                if address in text:
                    self.found.add(self._planted[address])

    def _decode(self, data: bytes, at: int) -> None:
        """Decode the base64 or hexadecimal text around a place, at each offset."""
        start = max(0, at - _BASE64_AROUND)
        around = data[start : at + _BASE64_AROUND]
        for run in _ALPHABET.findall(around):
            for offset in range(4):
                for decode in (_from_base64, _from_hex):
                    self._match(decode(run[offset:]).lower())

    def _raw_digests(self) -> list[tuple[bytes, str]]:
        """Digests as bytes, of a sample: each costs a pass over all data."""
        if not hasattr(self, "_raw"):
            self._raw = [
                (make(address.encode()).digest(), address)
                for address in list(self._planted)[:_RAW_DIGESTS_OF]
                for make in _HASHES
            ]
        return self._raw


def _digests_of(address: str) -> list[bytes]:
    return [make(address.encode()).hexdigest().encode() for make in _HASHES]


def _base64_cores(marker: bytes) -> list[bytes]:
    """Encode the marker at each of the three offsets, without its ragged ends."""
    cores = []
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + marker).rstrip(b"=")
        cores.append(encoded[4 if offset else 0 : -2])
    return cores


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=47).decompress(data, _MAX_INFLATED)
    except zlib.error:
        return b""


def _from_base64(run: bytes) -> bytes:
    try:
        return base64.b64decode(
            run[: len(run) - len(run) % 4].replace(b"-", b"+").replace(b"_", b"/")
        )
    except binascii.Error:
        return b""


def _from_hex(run: bytes) -> bytes:
    try:
        return binascii.unhexlify(run[: len(run) - len(run) % 2])
    except binascii.Error:
        return b""
