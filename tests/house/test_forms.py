"""A form's token is a secret of the session; addresses are kept and passed on."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "listkeep"
PAGES = sorted(SOURCE.glob("*/*/templates/**/*.html"))
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
METHOD = re.compile(r'\bmethod="(get|post|dialog)"')


def faults(text: str) -> list[str]:
    """Find forms and buttons that would write more into an address than a question.

    A form that does not say how it is sent is sent so as well, where a script that
    would send it has not run.
    """
    found = re.findall(r"(?:formmethod|hx-include|hx-vals)=[^>]*", text)
    for tag, inside in FORM.findall(text):
        how = METHOD.search(tag)
        if how is None or (how[1] == "get" and re.search(r'name="tokens?"', inside)):
            found.append(tag)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(SOURCE)))
def test_no_form_sends_its_token_in_an_address(page: Path) -> None:
    assert not faults(page.read_text("utf-8"))


def test_a_form_that_would_is_found() -> None:
    token = '<input type="hidden" name="token" value="{{ visitor.form_token }}">'

    assert faults(f'<form method="get" action="/x">{token}</form>')
    assert faults(f"<form>{token}</form>")
    assert faults('<button formmethod="get">Count again</button>')
    assert not faults(f'<form method="post">{token}</form>')
    assert not faults('<form method="get"><input name="segment"></form>')
    assert faults('<form data-post="/ask"><input name="purpose"></form>')


def test_all_three_buildings_are_looked_at() -> None:
    assert {"console", "dock", "keeper"} <= {
        page.relative_to(SOURCE).parts[0] for page in PAGES
    }
