# ruff: noqa: E501 - tables are read across
import pytest

from listkeep.core.mail import tags


def test_elements_in_which_parsers_change_their_way_of_reading_are_not_taken() -> None:
    changing = """script textarea xmp iframe noembed noframes plaintext noscript template
        svg math select option listing"""

    assert set(changing.split()) & tags.ELEMENTS == set()
    assert tags.RAW_TEXT <= tags.ELEMENTS


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("base", "<base> changes where every link leads"),
        ("marquee", "<marquee> is not taken"),
    ],
)
def test_a_refused_element_has_a_reason(name: str, why: str) -> None:
    assert tags.why_no_element(name) == why


@pytest.mark.parametrize(
    ("element", "name", "why"),
    [
        ("a", "href", ""),
        ("img", "src", ""),
        ("td", "align", ""),
        ("td", "href", "the attribute href is not taken here"),
        ("a", "onclick", "a script is run by whoever opens the mail"),
        ("td", "background", "a background image is fetched from elsewhere"),
    ],
)
def test_a_refused_attribute_has_a_reason(element: str, name: str, why: str) -> None:
    assert tags.why_no_attribute(element, name) == why
