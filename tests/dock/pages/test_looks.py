"""The files the pages load are those that were shipped, or no dock starts."""

from pathlib import Path

import pytest

from listkeep import looks
from listkeep.core.errors import VerificationError
from listkeep.dock.pages.assets import LOOKS, SCRIPT, assets
from listkeep.dock.project.start import check_instance
from tests.dock.pages.conftest import Browser


@pytest.fixture
def _changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "listkeep.css").write_bytes(assets()[LOOKS].data + b"\n")
    monkeypatch.setattr(looks, "FOLDER", tmp_path)
    assets.cache_clear()


def test_a_page_names_its_looks_by_their_hash(browser: Browser) -> None:
    page = browser.get("/sign-in").text

    assert f'"/assets/listkeep.css" integrity="{assets()[LOOKS].integrity}"' in page
    for name in (LOOKS, SCRIPT):
        assert browser.get(f"/assets/{name}").content == assets()[name].data
    assert browser.get("/assets/static.lock").status == 404
    assert "<style" not in page
    assert "style=" not in page


@pytest.mark.django_db
@pytest.mark.usefixtures("_changed")
def test_looks_that_somebody_changed_keep_the_dock_from_starting() -> None:
    with pytest.raises(VerificationError, match="not the one that was shipped"):
        check_instance()
