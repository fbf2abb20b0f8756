"""The one file the pages load is the one that was shipped, or no dock starts."""

from pathlib import Path

import pytest

from listkeep import looks
from listkeep.core.errors import VerificationError
from listkeep.dock.pages.assets import stylesheet
from listkeep.dock.project.start import check_instance
from tests.dock.pages.conftest import Browser


@pytest.fixture
def _changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "listkeep.css").write_bytes(stylesheet().data + b"\n")
    monkeypatch.setattr(looks, "FOLDER", tmp_path)
    stylesheet.cache_clear()


def test_a_page_names_its_looks_by_their_hash(browser: Browser) -> None:
    page = browser.get("/sign-in").text

    assert f'"/assets/listkeep.css" integrity="{stylesheet().integrity}"' in page
    assert browser.get("/assets/listkeep.css").content == stylesheet().data
    assert "<style" not in page
    assert "style=" not in page


@pytest.mark.django_db
@pytest.mark.usefixtures("_changed")
def test_looks_that_somebody_changed_keep_the_dock_from_starting() -> None:
    with pytest.raises(VerificationError, match="not the one that was shipped"):
        check_instance()
