import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listkeep.core.errors import Code, MalformedError
from listkeep.wire.config import Config, instance_home, read_config, write_config


class Building(Config, frozen=True, kw_only=True):
    name: str = "keeper"
    port: int = 8080
    demo: bool = False


def refuse(path: Path, text: bytes) -> MalformedError:
    path.write_bytes(text)
    with pytest.raises(MalformedError) as refused:
        read_config(path, Building)
    assert refused.value.code is Code.CONFIG_INVALID
    assert refused.value.hint
    return refused.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keeper.toml"


def test_a_missing_file_means_defaults(file: Path) -> None:
    assert read_config(file, Building) == Building()


def test_settings_read_back_as_they_were_written(file: Path) -> None:
    config = Building(name='ada "the" first\n\\ über \x7f', port=-1, demo=True)

    write_config(file, config)

    assert read_config(file, Building) == config
    assert file.read_text(encoding="utf-8").count("\n") == 3


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.builds(Building, name=TEXTS))
def test_any_text_is_valid_toml(
    tmp_path_factory: pytest.TempPathFactory, config: Building
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"

    write_config(file, config)

    assert tomllib.loads(file.read_bytes().decode())["name"] == config.name


def test_some_settings_are_enough(file: Path) -> None:
    file.write_text("port = 1\n")

    assert read_config(file, Building) == Building(port=1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"prot = 1", "prot"),  # the key is our operator's own, and helps
        (b'port = "80"', "port"),
        (b"demo = 1", "demo"),
        (b"port = \n", "line 1"),
        (b"port = 1\nport = 2\n", "line 2"),
        (b"[port]", "port"),
    ],
)
def test_what_is_not_known_is_refused_with_its_place(
    file: Path, text: bytes, says: str
) -> None:
    error = refuse(file, text)

    assert error.message.startswith("keeper.toml cannot be used: ")
    assert says in error.message


def test_a_file_in_another_encoding_is_refused(file: Path) -> None:
    refuse(file, 'name = "über"'.encode("latin-1"))


def test_values_are_not_repeated(file: Path) -> None:
    error = refuse(file, b'port = "lkk_a_planted_secret"')

    assert "planted" not in error.message


def test_what_is_no_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="cannot be read") as refused:
        read_config(tmp_path, Building)

    assert refused.value.code is Code.CONFIG_INVALID


def test_the_instance_lives_in_var_or_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LISTKEEP_HOME", raising=False)
    assert instance_home() == tmp_path / "var"

    monkeypatch.setenv("LISTKEEP_HOME", "elsewhere")
    assert instance_home() == tmp_path / "elsewhere"
