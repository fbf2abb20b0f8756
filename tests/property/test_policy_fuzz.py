"""Policy texts, as whoever may draft one could bend them."""

from hypothesis import given
from hypothesis import strategies as st

from listkeep.core.errors import MalformedError
from listkeep.core.grants.reading import load, read_policy, require_forbids_only
from tests.property.bending import bent

PLANTED = "planted.person@example.com"
FLOOR = load("default.cedar")
LANGUAGE = """
permit forbid when unless principal action resource context in is has like true
( ) { } [ ] ; , == && || ! . :: @ " ? // -1 0 9223372036854775808 Action Role "owner"
"""
WORDS = st.sampled_from([*LANGUAGE.split(), PLANTED, "\n"])


def read(text: str) -> None:
    said = ""
    try:
        require_forbids_only(read_policy(text))
    except MalformedError as error:
        said = f"{error} {error.hint}"

    assert PLANTED not in said


@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_any_words_of_the_language_are_a_policy_or_refused(text: str) -> None:
    read(text)


@given(bent(FLOOR.encode()).map(lambda data: data.decode(errors="replace")))
def test_a_bent_policy_is_a_policy_or_refused(text: str) -> None:
    read(text)


@given(st.text(max_size=60))
def test_any_text_is_a_policy_or_refused(text: str) -> None:
    read(text)
