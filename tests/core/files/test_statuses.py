import pytest

from listkeep.core.files.statuses import (
    NEVER,
    combine,
    read_do_not_contact,
    read_klaviyo_channels,
    read_klaviyo_consent,
    read_listmonk,
    read_status,
    read_suppressions,
)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("SUBSCRIBED", "subscribed"),
        ("Never subscribed", NEVER),
        ("", NEVER),
        ("UNSUBSCRIBED", "unsubscribed"),
        ("perhaps", None),
    ],
)
def test_consent_of_klaviyo(text: str, status: str | None) -> None:
    assert read_klaviyo_consent(text) == status


def test_channels_of_klaviyo() -> None:
    assert read_klaviyo_channels("['email', 'sms']") == "subscribed"
    assert read_klaviyo_channels("sms") == NEVER


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", "subscribed"),
        ("[]", "subscribed"),
        ("FALSE", "subscribed"),
        ("HARD_BOUNCE", "bounced"),
        ("[{'reason': 'INVALID_EMAIL'}]", "bounced"),
        ("SPAM_COMPLAINT, HARD_BOUNCE", "complained"),
        ("whatever", "unsubscribed"),
    ],
)
def test_any_reason_suppresses(text: str, status: str) -> None:
    assert read_suppressions(text) == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", "subscribed"),
        ("0", "subscribed"),
        ("Contactable", "subscribed"),
        ("1", "unsubscribed"),
        ("Manually Unsubscribed", "unsubscribed"),
        ("Bounced: Email", "bounced"),
        ("perhaps", None),
    ],
)
def test_do_not_contact(text: str, status: str | None) -> None:
    assert read_do_not_contact(text) == status


def test_statuses_of_listmonk() -> None:
    assert read_listmonk("Enabled") == "subscribed"
    assert read_listmonk("blocklisted") == "unsubscribed"
    assert read_listmonk("subscribed") is None


def test_what_anybody_writes() -> None:
    assert read_status("Opted-Out") == "unsubscribed"
    assert read_status("never") is None


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (["subscribed", "bounced"], "bounced"),
        (["complained", "bounced"], "complained"),
        ([NEVER, "subscribed"], NEVER),
        ([NEVER, "unsubscribed"], "unsubscribed"),
        (["subscribed", None], None),
        (["subscribed"], "subscribed"),
    ],
)
def test_the_worst_counts_and_nothing_is_guessed(
    said: list[str | None], status: str | None
) -> None:
    assert combine(said) == status
