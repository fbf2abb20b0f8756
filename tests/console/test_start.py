"""What the console wants before it serves, and what it refuses."""

from pathlib import Path

import pytest
from django.conf import settings

from listkeep.console.project.config import ConsoleConfig
from listkeep.console.project.start import check_instance
from listkeep.console.web import ways
from listkeep.core.errors import MalformedError


def test_it_starts_with_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "console.key"
    key.write_text("lkk_s_consoleconso_secret\n")
    monkeypatch.setattr(settings, "LISTKEEP_SERVICE_KEY_FILE", key)
    ways.service_key.cache_clear()

    check_instance()

    assert ways.service_id() == "s_consoleconso"


@pytest.mark.parametrize("content", [None, b"", b"lks_x_y", b"\xff\xfe"])
def test_without_a_key_it_says_how_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    key = tmp_path / "console.key"
    if content is not None:
        key.write_bytes(content)
    monkeypatch.setattr(settings, "LISTKEEP_SERVICE_KEY_FILE", key)
    ways.service_key.cache_clear()

    with pytest.raises(MalformedError) as caught:
        check_instance()

    assert "service add" in caught.value.hint
    ways.service_key.cache_clear()


def test_settings_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(MalformedError, match="contradicts itself"):
        ConsoleConfig(app_origin="http://seal.localhost:8471")
    with pytest.raises(MalformedError, match="contradicts itself"):
        ConsoleConfig(timeout_seconds=0)
