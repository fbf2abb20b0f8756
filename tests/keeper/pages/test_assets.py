from pathlib import Path

import pytest
from django.test import override_settings

from listkeep.core.errors import ConflictError, VerificationError
from listkeep.keeper.pages.assets import FOLDERS, PINS, assets
from listkeep.keeper.project import start
from listkeep.looks.pins import read_assets
from tests.keeper.pages.browsing import Browser
from tests.keeper.world import World

FILES = ("listkeep.css", "seal.css", "seal.js")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "static"
    copy.mkdir()
    for path in (path for folder in FOLDERS for path in folder.iterdir()):
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def test_the_files_are_the_ones_that_were_pinned(folder: Path) -> None:
    assert read_assets([folder], PINS).keys() == {*FILES, "seal.svg", "demo.js"}
    assert read_assets(FOLDERS, PINS) == dict(assets())


@pytest.mark.parametrize("name", [*FILES, "seal.svg"])
def test_a_changed_file_is_not_served(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b" ")

    with pytest.raises(VerificationError, match="not the one that was shipped"):
        read_assets([folder], PINS)


def test_a_file_without_a_pin_and_a_pin_without_a_file_are_refused(
    folder: Path,
) -> None:
    (folder / "more.js").write_text("")
    with pytest.raises(VerificationError):
        read_assets([folder], PINS)
    (folder / "more.js").unlink()
    (folder / "seal.svg").unlink()
    with pytest.raises(VerificationError):
        read_assets([folder], PINS)


def test_a_page_names_its_files_by_their_hash(ben: Browser) -> None:
    page = ben.get("/").text

    for name in FILES:
        assert f'/static/{name}" integrity="{assets()[name].integrity}"' in page
        assert ben.get(f"/static/{name}").text.encode() == assets()[name].data
    assert "<style" not in page
    assert " style=" not in page
    assert " on" not in " ".join(word for word in page.split() if "=" in word)


@pytest.mark.parametrize(
    "name", ["..%2fseal.css", "%2e%2e/assets.py", "seal.css/", "static.lock", "x.js"]
)
def test_there_is_no_other_file(ben: Browser, name: str) -> None:
    assert ben.get(f"/static/{name}").status == 404


def test_files_are_served_from_what_was_checked_not_from_the_disk(
    ben: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ben.get("/static/seal.js").text
    monkeypatch.setattr(Path, "read_bytes", lambda _self: b"alert()")

    assert ben.get("/static/seal.js").text == before


def test_an_origin_whose_signatures_do_not_count_is_not_served(world: World) -> None:
    start.check_pages()
    other = type("Config", (), {"seal_origin": "http://seal.localhost:9999"})()

    with (
        override_settings(CONFIG=other),
        pytest.raises(ConflictError, match="do not count"),
    ):
        start.check_pages()
