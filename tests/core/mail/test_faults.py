import pytest

from listkeep.core.errors import Code
from listkeep.core.mail.faults import (
    MAX_ADDED,
    MAX_FAULTS,
    Fault,
    Findings,
    TemplateError,
)


def test_all_reasons_are_told_at_once_and_the_first_leads() -> None:
    findings = Findings()
    findings.add("line 1", "this is wrong", "do that")
    findings.add("line 2", "so is this")

    with pytest.raises(TemplateError, match=r"^line 1: this is wrong$") as caught:
        findings.require_none()

    assert caught.value.code == Code.TEMPLATE_INVALID
    assert caught.value.hint == "do that"
    assert caught.value.faults == (
        Fault("line 1", "this is wrong", "do that"),
        Fault("line 2", "so is this"),
    )


def test_nothing_found_is_nothing_refused() -> None:
    Findings().require_none()


def test_a_reason_is_told_once_and_no_more_than_fifty_are() -> None:
    findings = Findings()
    for number in range(MAX_FAULTS * 2):
        findings.add("line 1", "again")
        findings.add(f"line {number}", "another")

    assert findings.is_full
    assert len(findings.faults) == MAX_FAULTS
    assert len(set(findings.faults)) == MAX_FAULTS


def test_the_same_reason_again_and_again_is_enough_as_well() -> None:
    findings = Findings()
    for _ in range(MAX_ADDED + 1):
        assert not findings.is_full
        findings.add("line 1", "again")

    assert findings.is_full
    assert len(findings.faults) == 1
