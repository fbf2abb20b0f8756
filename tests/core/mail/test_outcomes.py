import pytest

from listkeep.core.mail.outcomes import Outcome, find_status, judge_status


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("5.1.1", Outcome.HARD_BOUNCE),
        ("5.1.10", Outcome.HARD_BOUNCE),
        ("5.2.1", Outcome.HARD_BOUNCE),
        ("5.2.2", Outcome.SOFT_BOUNCE),
        ("4.1.1", Outcome.SOFT_BOUNCE),
        ("4.4.7", Outcome.SOFT_BOUNCE),
        ("5.7.1", Outcome.BLOCKED),
        ("4.7.0", Outcome.BLOCKED),
        ("2.0.0", Outcome.DELIVERED),
        ("5.0.0", Outcome.SOFT_BOUNCE),
        ("3.1.1", Outcome.UNKNOWN),
        ("", Outcome.UNKNOWN),
    ],
)
def test_a_status_says_whether_the_mailbox_is_there(
    status: str, outcome: Outcome
) -> None:
    assert judge_status(status) is outcome


def test_a_status_is_found_in_a_text_and_a_version_number_is_not() -> None:
    assert find_status("550 5.1.1 no such user") == "5.1.1"
    assert find_status("host 10.5.1.1 says no") == ""
