import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.mail.rendering import choose_value, render
from listkeep.core.mail.slots import Kind, Slot

NAME = Slot("first_name", Kind.SEALED, "reader")
POINTS = Slot("points", Kind.NUMBER, "0")


def test_values_go_in_as_text() -> None:
    pieces = ("Dear ", NAME, " & co")

    html = render(pieces, {"first_name": "<b>&'\""}, alias="x", is_html=True)
    plain = render(pieces, {"first_name": "<b>&'\""}, alias="x", is_html=False)

    assert html == "Dear &lt;b&gt;&amp;&#x27;&quot; & co"
    assert plain == "Dear <b>&'\" & co"


@pytest.mark.parametrize(
    "value", ["", "zoe@example.com", "win at evil.example", "a\nb"]
)
def test_a_sealed_value_that_is_no_phrase_counts_as_missing(value: str) -> None:
    assert choose_value(NAME, {"first_name": value}, alias="x") == "reader"


def test_an_applications_value_of_another_type_is_refused_and_not_repeated() -> None:
    with pytest.raises(MalformedError, match="slot points is no number") as caught:
        choose_value(POINTS, {"points": "secret"}, alias="x")

    assert "secret" not in f"{caught.value} {caught.value.hint}"


def test_a_missing_value_is_what_the_template_says() -> None:
    assert choose_value(POINTS, {}, alias="x") == "0"
    assert choose_value(POINTS, {"points": "7"}, alias="x") == "7"


def test_the_alias_is_ours_whatever_the_values_say() -> None:
    slot = Slot("alias", Kind.ALIAS)

    assert choose_value(slot, {"alias": "theirs"}, alias="ours") == "ours"


def test_the_proof_is_ours_and_no_message_goes_out_without_it() -> None:
    slot = Slot("proof", Kind.PROOF)

    assert choose_value(slot, {"proof": "theirs"}, alias="x", proof="ours") == "ours"
    with pytest.raises(MalformedError, match="no proof"):
        choose_value(slot, {"proof": "theirs"}, alias="x")
