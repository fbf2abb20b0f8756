import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.registry.agreements import parse_contact

CONTACT = {
    "id": "d_oncalloncall",
    "name": "on-call",
    "kind": "mail",
    "sealed": "A" * 40,
}


def test_a_contact_is_read() -> None:
    contact = parse_contact(CONTACT, tenant="t_acmeacmeacme")

    assert (contact.name, contact.tenant) == ("on-call", "t_acmeacmeacme")


@pytest.mark.parametrize(
    "spoil",
    [
        {"kind": "fax"},
        {"sealed": ""},
        {"sealed": "on.call@example.com" * 3},
        {"id": "p_oncalloncall"},
        {"tenant": "t_acmeacmeacme"},
    ],
    ids=str,
)
def test_a_contact_that_is_spoilt_is_refused(spoil: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parse_contact({**CONTACT, **spoil}, tenant="")
