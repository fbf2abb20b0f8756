import pytest

from listkeep.core.errors import FAMILIES, Code, ListkeepError, RefusedError
from listkeep.wire.base import decode, encode
from listkeep.wire.messages import Problem
from listkeep.wire.problems import error_of, problem_of


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_an_error_arrives_as_it_was_raised(family: type[ListkeepError]) -> None:
    error = family("it broke", code=Code.FROZEN, hint="wait")

    again = error_of(decode(encode(problem_of(error)), Problem))

    assert type(again) is family
    assert (again.message, again.code, again.hint) == ("it broke", Code.FROZEN, "wait")


@pytest.mark.parametrize("code", Code)
def test_every_code_arrives(code: Code) -> None:
    assert error_of(problem_of(RefusedError("no", code=code))).code is code


def test_a_problem_says_family_code_message_and_hint_and_nothing_else() -> None:
    error = RefusedError("it broke")
    error.__cause__ = ValueError("planted.person@example.com")

    assert problem_of(error) == Problem(
        family="refused", code="not-permitted", message="it broke", hint=""
    )


def test_a_code_of_a_newer_side_keeps_its_family_and_exit_status() -> None:
    error = error_of(
        Problem(family="conflict", code="from-the-future", message="x", hint="y")
    )

    assert error.code is Code.INTERNAL
    assert (error.family, error.status, error.exit_status) == ("conflict", 409, 5)
    assert (error.message, error.hint) == ("x", "y")


def test_a_family_of_a_newer_side_is_nobodys_fault_but_ours() -> None:
    error = error_of(Problem(family="sour", code="frozen", message="x"))

    assert type(error) is ListkeepError
    assert error.code is Code.FROZEN
