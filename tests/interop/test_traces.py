"""What the other tests look for with would be found, however it is written."""

import base64
from pathlib import Path

import pytest

from tests.interop.traces import LOCAL, PLANTED, files_with

ADDRESS = f"{LOCAL}7@example.org".encode()
WRITTEN = {
    "plain": ADDRESS,
    "capitals": ADDRESS.upper(),
    "backwards": ADDRESS[::-1],
    "hexadecimal": ADDRESS.hex().encode(),
    **{f"base64-{n}": base64.b64encode(b"x" * n + ADDRESS) for n in range(3)},
}


@pytest.mark.parametrize("way", WRITTEN)
def test_a_planted_address_is_found(way: str, tmp_path: Path) -> None:
    (tmp_path / "clean").write_bytes(b"q7ktp2 left the list " * 100)
    (tmp_path / "queue").write_bytes(b"to=<" + WRITTEN[way] + b">")

    assert files_with(PLANTED, tmp_path) == [str(tmp_path / "queue")]


def test_a_planted_name_of_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / f"{LOCAL}.pck").touch()

    assert len(files_with(PLANTED, tmp_path)) == 1
