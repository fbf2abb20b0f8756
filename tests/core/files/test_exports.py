import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.files.exports import recognize, require_statuses

KLAVIYO = ["email", "klaviyoid", "firstactive"]
LISTMONK = ["uuid", "email", "name", "attributes", "status", "createdat", "updatedat"]
MAUTIC = ["email", "preferredlocale", "attribution", "points"]


def test_listmonk_is_told_by_all_its_columns() -> None:
    found = recognize(LISTMONK)

    assert found is not None
    assert (found.kind, found.nested) == ("listmonk", 3)
    assert [place for place, _ in found.statuses] == [4]
    assert recognize(LISTMONK[:-1]) is None
    require_statuses(found)


@pytest.mark.parametrize(
    ("own", "places"),
    [
        (["emailmarketingconsent"], [3]),
        (["consent"], [3]),
        (["emailsuppressions", "emailmarketingconsent", "consent"], [4, 3]),
    ],
)
def test_klaviyo_says_it_by_consent_and_suppressions(
    own: list[str], places: list[int]
) -> None:
    found = recognize(KLAVIYO + own)

    assert found is not None
    assert found.has_lists
    assert [place for place, _ in found.statuses] == places


def test_mautic_says_it_by_do_not_contact() -> None:
    found = recognize([*MAUTIC, "dnc"])

    assert found is not None
    assert found.kind == "mautic"
    assert [place for place, _ in found.statuses] == [4]


@pytest.mark.parametrize("keys", [KLAVIYO, [*KLAVIYO, "emailsuppressions"], MAUTIC])
def test_an_export_that_leaves_out_who_unsubscribed_is_refused(keys: list[str]) -> None:
    found = recognize(keys)

    assert found is not None
    with pytest.raises(MalformedError) as caught:
        require_statuses(found)
    assert "status" in caught.value.hint


@pytest.mark.parametrize(
    "keys",
    [
        ["emailaddress", *KLAVIYO[1:]],
        ["email", "firstactive", "lastactive"],
        ["email", "attribution", "lastactive"],
        ["email", "klaviyoid"],
        ["email"],
    ],
)
def test_a_coincidence_is_nobodys_export(keys: list[str]) -> None:
    assert recognize(keys) is None
