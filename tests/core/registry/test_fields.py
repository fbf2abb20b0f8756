import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.registry.fields import (
    is_id,
    read_id,
    read_name,
    read_number,
    require_fields,
)


def test_fields_are_exactly_those_and_the_optional_ones() -> None:
    require_fields({"id": ""}, {"id"})
    require_fields({"id": "", "parent": ""}, {"id"}, optional={"parent"})

    for subject in ({}, {"id": "", "role": ""}, {"parent": ""}):
        with pytest.raises(MalformedError, match="missing or unknown"):
            require_fields(subject, {"id"}, optional={"parent"})


@pytest.mark.parametrize(
    "text", ["", "t_", "t_acmeacmeacm", "t_ACMEACMEACME", "p_acmeacmeacme", "t_acme1"]
)
def test_an_id_is_of_one_kind_and_one_length(text: str) -> None:
    assert is_id("t_acmeacmeacme", "t")
    assert not is_id(text, "t")
    with pytest.raises(MalformedError, match="wrong kind"):
        read_id({"id": text}, "t")


def test_an_id_can_have_another_name() -> None:
    assert read_id({"who": "p_adaadaadaada"}, "p", name="who") == "p_adaadaadaada"


@pytest.mark.parametrize("text", ["", "A", "a b", "-a", "a" * 41, "a\n"])
def test_a_name_has_one_spelling(text: str) -> None:
    assert read_name({"name": "ada.l-2_x"}) == "ada.l-2_x"
    with pytest.raises(MalformedError, match="needs a name"):
        read_name({"name": text})


@pytest.mark.parametrize("text", ["", "-1", "01", "1e3", "1000000000", " 1", "\u0661"])
def test_a_number_is_plain(text: str) -> None:
    assert [read_number({"n": each}, "n") for each in ("0", "20")] == [0, 20]
    with pytest.raises(MalformedError, match="no plain number"):
        read_number({"n": text}, "n")
