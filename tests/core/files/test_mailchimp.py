import pytest

from listkeep.core.files.mailchimp import recognize_export

COLUMNS = {"emailaddress", "firstname", "memberrating", "optintime", "leid", "euid"}


@pytest.mark.parametrize(
    ("own", "status"),
    [
        (set(), "subscribed"),
        ({"unsubtime", "unsubcampaigntitle", "unsubreason"}, "unsubscribed"),
        ({"cleantime", "cleancampaigntitle"}, "bounced"),
        ({"cleantime", "unsubtime"}, "bounced"),
    ],
)
def test_an_export_tells_its_status_by_its_columns(own: set[str], status: str) -> None:
    assert recognize_export(COLUMNS | own) == status


def test_one_column_of_mailchimps_is_a_coincidence() -> None:
    assert recognize_export({"emailaddress", "timezone", "leid"}) is None


def test_without_mailchimps_address_column_it_is_another_file() -> None:
    assert recognize_export(COLUMNS - {"emailaddress"} | {"email"}) is None
