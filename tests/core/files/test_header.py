import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.core.files.header import (
    Kind,
    Layout,
    find_nested,
    has_address_column,
    lay_out,
)
from listkeep.core.files.statuses import read_status
from listkeep.core.segments.facets import RESERVED_NAMES


def plan(*columns: str, kind: Kind = "csv", **mapping: str) -> Layout:
    return lay_out(columns, mapping=mapping, kind=kind)


def test_mailchimps_header_is_recognized() -> None:
    layout = plan("Email Address", "First Name", "MEMBER_RATING", "OPTIN_TIME")

    assert layout.kind == "mailchimp"
    assert layout.default_status == "subscribed"
    assert layout.address == 0
    assert layout.status is None
    assert layout.field_names == ("first_name", "member_rating", "optin_time")


def test_a_cleaned_export_is_bounced() -> None:
    layout = plan("Email Address", "CLEAN_TIME", "LEID", "EUID")

    assert layout.default_status == "bounced"


def test_json_lines_stay_json_lines_whoever_wrote_them() -> None:
    layout = plan("Email Address", "CLEAN_TIME", "LEID", kind="jsonl")

    assert layout.kind == "jsonl"
    assert layout.default_status == "bounced"


@pytest.mark.parametrize(
    "name", ["E-Mail", "email", " Mail ", "E-Mail-Adresse", "Correo electrónico"]
)
def test_the_address_column_has_many_names(name: str) -> None:
    assert plan("Id", name).address == 1


def test_a_column_of_postal_addresses_does_not_win_over_email() -> None:
    layout = plan("Address", "Email")

    assert layout.address == 1
    assert layout.field_names == ("address_field",)


def test_a_mapping_finds_columns_and_names_fields() -> None:
    layout = plan("Kontakt", "Tarif", "Ort", address="Kontakt", plan=" tarif")

    assert layout.kind == "csv"
    assert (layout.address, layout.status) == (0, None)
    assert layout.field_names == ("plan", "ort")


def test_a_status_column_is_recognized_mapped_or_waved_away() -> None:
    columns = ("Email", "Status", "Consent")

    assert plan(*columns).status == 1
    assert plan(*columns, status="Consent").status == 2
    assert plan(*columns, status="Consent").field_names == ("status_field",)
    assert plan(*columns, status="").status is None
    assert plan(*columns, standing="Status").status is None


def test_a_column_mapped_to_a_field_is_not_the_address_too() -> None:
    assert plan("Email", "Mail", other="Email").address == 1


def test_field_names_are_plain_and_unique() -> None:
    layout = plan(
        "Email", "Straße Nr.", "2nd line", "", "名前", "Token", "a b", "a-_b", "n" * 60
    )

    assert layout.field_names == (
        "strasse_nr",
        "field_2nd_line",
        "column_4",
        "column_5",
        "token_field",
        "a_b",
        "a_b_2",
        "n" * 40,
    )


def test_several_blank_names_are_no_duplicates() -> None:
    assert plan("Email", "", " ").field_names == ("column_2", "column_3")


def test_a_mapping_settles_which_of_two_columns_is_meant() -> None:
    layout = plan("Email", "E-mail", address="E-mail")

    assert layout.address == 1
    assert layout.field_names == ("email",)


def test_twins_are_numbered_on() -> None:
    layout = plan("Email", "x!", "y", "z", x_2="y", x="z")

    assert layout.field_names == ("x_3", "x_2", "x")


def test_no_field_gets_a_name_the_segment_language_needs() -> None:
    names = plan("Email", *sorted(RESERVED_NAMES - {"status"}), "Address").field_names

    assert not set(names) & (RESERVED_NAMES | {"address"})


@pytest.mark.parametrize(
    ("columns", "mapping", "message"),
    [
        (("Name", "Stadt"), {}, "no column is known"),
        (("ada@example.com", "Ada"), {}, "first line is a row"),
        (("Email", "ada@example.com"), {}, "first line is a row"),
        (("Email", "Phone", "phone "), {}, "columns 2 and 3"),
        (("Email", "E-mail"), {}, "several columns could be"),
        (("Email", "Status", "status_"), {}, "several columns could be"),
        (("Email", "名前", "名前"), {}, "columns 2 and 3"),
        (("Email", *map(str, range(200))), {}, "more than 200"),
        (("Email",), {"plan": "Tarif"}, "no such column for the field plan"),
        (("Email", "X"), {"a": "X", "b": "X"}, "one column twice"),
        (("Email", "X"), {"ada@example.com": "X"}, "cannot be one"),
    ],
)
def test_what_is_no_header_is_refused_without_quoting_it(
    columns: tuple[str, ...], mapping: dict[str, str], message: str
) -> None:
    with pytest.raises(MalformedError, match=message) as caught:
        lay_out(columns, mapping=mapping, kind="csv")

    assert caught.value.code == Code.FILE_HEADER
    assert caught.value.hint
    assert "ada@" not in f"{caught.value} {caught.value.hint}"


def test_a_mapping_cannot_use_a_name_with_a_meaning_of_its_own() -> None:
    with pytest.raises(MalformedError, match="cannot be one"):
        plan("Email", "X", token="X")


def test_a_guess_is_checked_by_its_address_column() -> None:
    assert has_address_column(["Name", "Email"], mapping={})
    assert not has_address_column(["Name", "Ort"], mapping={})
    assert has_address_column(["Name", "Ort"], mapping={"address": "ORT"})
    assert not has_address_column(["Name", "Ort"], mapping={"address": "Mail"})


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("subscribed", "subscribed"),
        (" Opted-In ", "subscribed"),
        ("CLEANED", "bounced"),
        ("complaint", "complained"),
        ("Opted out", "unsubscribed"),
        ("", None),
        ("married", None),
        ("erased", None),
    ],
)
def test_a_status_is_known_or_it_is_none(text: str, status: str | None) -> None:
    assert read_status(text) == status


def test_exports_of_others_say_the_status_in_columns_of_their_own() -> None:
    columns = ("Email", "Klaviyo ID", "Email Marketing Consent", "Email Suppressions")
    layout = plan(*columns)

    assert (layout.kind, layout.has_lists) == ("klaviyo", True)
    assert [place for place, _ in layout.statuses] == [2, 3]
    assert layout.field_names == ("klaviyo_id",)


def test_a_column_of_consent_that_is_asked_for_is_a_field_as_well() -> None:
    columns = ("Email", "Klaviyo ID", "Email Marketing Consent")
    layout = plan(*columns, consent="Email Marketing Consent")

    assert layout.status == 2
    assert layout.field_names == ("klaviyo_id", "consent")


def test_an_export_that_leaves_out_who_unsubscribed_has_to_be_vouched_for() -> None:
    columns = ("email", "preferred_locale", "attribution_date")
    with pytest.raises(MalformedError):
        plan(*columns)

    assert plan(*columns, status="").statuses == ()


def test_a_column_of_objects_is_found_in_exports_that_have_one() -> None:
    columns = ["uuid", "email", "attributes", "status", "created_at", "updated_at"]

    assert find_nested(columns) == 2
    assert find_nested(["email", "attributes"]) is None
