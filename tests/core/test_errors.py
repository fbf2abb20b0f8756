import pickle
import re

import pytest

from listkeep.core.errors import (
    FAMILIES,
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    RefusedError,
    UnavailableError,
    VerificationError,
)

EDGES = {  # what HTTP, the shell and the wire see of each family
    ListkeepError: ("internal", 500, 70),
    VerificationError: ("verification", 422, 1),
    MalformedError: ("malformed", 400, 3),
    RefusedError: ("refused", 403, 4),
    ConflictError: ("conflict", 409, 5),
    UnavailableError: ("unavailable", 503, 6),
}
# Software outside depends on these. A code may be added here, never taken away.
PUBLISHED = """
    internal
    credential-unknown ledger-invalid proof-invalid row-invalid signature-invalid
    address-invalid body-too-large config-invalid facet-invalid file-binary file-empty
    file-encoding file-header file-incomplete file-line-too-long file-mismatch
    file-no-valid-row json-not-canonical message-invalid request-invalid
    segment-invalid token-invalid
    budget-spent cap-exceeded expired facet-identifies facts-changed frozen not-found
    not-granted not-permitted not-signed-in replayed self-approval
    already-exists busy newer-version not-waiting older-version
    clock-moved-back dock-unavailable keeper-unavailable key-unavailable
"""


@pytest.mark.parametrize("family", EDGES, ids=lambda family: family.__name__)
def test_each_family_has_one_face_per_edge(family: type[ListkeepError]) -> None:
    assert (family.family, family.status, family.exit_status) == EDGES[family]
    assert FAMILIES[family.family] is family


def test_there_are_five_families_and_our_own_fault() -> None:
    assert set(FAMILIES.values()) == set(EDGES)
    assert {each.__base__ for each in EDGES} == {Exception, ListkeepError}


def test_no_two_families_share_an_exit_status_and_none_means_wrong_usage() -> None:
    statuses = [family.exit_status for family in FAMILIES.values()]

    assert len(set(statuses)) == len(statuses)
    assert not {0, 2} & set(statuses)


@pytest.mark.parametrize("family", EDGES, ids=lambda family: family.__name__)
def test_an_error_keeps_sentence_code_and_hint(family: type[ListkeepError]) -> None:
    error = family("it broke", code=Code.FROZEN, hint="wait")

    assert str(error) == error.message == "it broke"
    assert (error.code, error.hint) == (Code.FROZEN, "wait")


@pytest.mark.parametrize("family", EDGES, ids=lambda family: family.__name__)
def test_a_family_has_a_code_of_its_own_when_none_is_given(
    family: type[ListkeepError],
) -> None:
    error = family("it broke")

    assert error.code is family.default_code
    assert error.hint == ""


def test_default_codes_tell_the_families_apart() -> None:
    assert len({family.default_code for family in FAMILIES.values()}) == len(FAMILIES)


def test_an_error_survives_the_way_between_processes() -> None:
    error = RefusedError("it broke", code=Code.FROZEN, hint="wait")

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(again) is RefusedError
    assert (again.message, again.code, again.hint) == ("it broke", Code.FROZEN, "wait")


def test_no_published_code_was_taken_away() -> None:
    assert set(PUBLISHED.split()) - {code.value for code in Code} == set()


def test_codes_are_kebab_case_and_named_like_their_value() -> None:
    for code in Code:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code.value)
        assert code.name == code.value.upper().replace("-", "_")
