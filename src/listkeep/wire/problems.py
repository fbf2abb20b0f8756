"""Errors across the wire: one family, one code, one hint, and nothing else."""

from listkeep.core.errors import FAMILIES, Code, ListkeepError

from .messages import Problem


def problem_of(error: ListkeepError) -> Problem:
    """Describe an error to another building."""
    return Problem(
        family=error.family,
        code=error.code.value,
        message=error.message,
        hint=error.hint,
    )


def error_of(problem: Problem) -> ListkeepError:
    """Turn another building's problem back into the error it was.

    A code this side does not know (the other side is newer) becomes ``internal``;
    the family, and with it the exit status, stays.
    """
    family = FAMILIES.get(problem.family, ListkeepError)
    known = problem.code in frozenset(Code)
    code = Code(problem.code) if known else Code.INTERNAL
    return family(problem.message, code=code, hint=problem.hint)
