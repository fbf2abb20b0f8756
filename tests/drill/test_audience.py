from collections import Counter
from itertools import pairwise

import pytest

from listkeep.core.addresses import provider_bucket
from listkeep.core.files import Record, Rejected, open_audience
from listkeep.drill.audience import HEADER, SampleAudience
from listkeep.drill.locales import LOCALES

BIG_PROVIDERS = {
    entry.split(":")[0] for locale in LOCALES for entry in locale.providers.split()
}


def read(audience: SampleAudience) -> tuple[list[Record], list[Rejected]]:
    rows = list(open_audience(audience))
    return (
        [row for row in rows if isinstance(row, Record)],
        [row for row in rows if isinstance(row, Rejected)],
    )


@pytest.fixture(scope="module")
def sample() -> SampleAudience:
    return SampleAudience(5_500, seed=7, marker="zqcanary", planted=321)


@pytest.fixture(scope="module")
def records(sample: SampleAudience) -> list[Record]:
    return read(sample)[0]


@pytest.mark.parametrize("rows", [1, 20, 84, 999, 1000, 1001, 4321])
@pytest.mark.parametrize("seed", [1, 2])
def test_good_duplicate_and_bad_rows_are_counted_exactly(rows: int, seed: int) -> None:
    sample = SampleAudience(rows, seed=seed, marker="zqcanary", planted=rows // 2)
    records, rejected = read(sample)

    assert len({row.address.index_form for row in records}) == sample.good
    assert len(records) == sample.good + sample.duplicates
    assert len(rejected) == sample.bad
    assert sample.good + sample.duplicates + sample.bad == rows


def test_an_audience_of_nobody_is_a_header() -> None:
    assert b"".join(SampleAudience(0, seed=1)) == f"{HEADER}\n".encode()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(
    sample: SampleAudience,
) -> None:
    other = SampleAudience(sample.rows, 8, sample.marker, sample.planted)

    assert b"".join(sample) == b"".join(sample)
    assert b"".join(sample) != b"".join(other)


def test_planted_addresses_are_there_and_the_marker_is_nowhere_else(
    sample: SampleAudience, records: list[Record]
) -> None:
    marked = [row for row in records if "zqcanary" in row.address.index_form]

    assert len(sample.planted_addresses) == len(set(sample.planted_addresses)) == 321
    assert {row.address_text for row in marked} == set(sample.planted_addresses)
    assert len(marked) == 321
    assert b"".join(sample).count(b"zqcanary") == 321


def test_planted_rows_are_spread_over_file_and_countries(
    records: list[Record],
) -> None:
    marked = [row for row in records if "zqcanary" in row.address_text]
    lines = [row.line for row in marked]

    assert lines == sorted(lines)
    gaps = [after - before for before, after in pairwise(lines)]
    assert max(gaps) < 60
    assert len({row.fields["country"] for row in marked}) == len(LOCALES)


def test_a_duplicate_comes_later_and_in_another_spelling(
    sample: SampleAudience, records: list[Record]
) -> None:
    first: dict[str, str] = {}
    raw = {row.address_text for row in records}
    repeated = 0
    for row in records:
        earlier = first.setdefault(row.address.index_form, row.address_text)
        repeated += earlier is not row.address_text

    assert repeated == sample.duplicates
    assert len(raw) > sample.good
    assert first.keys() != raw


def test_the_file_is_a_mailchimp_export_with_columns_worth_segmenting(
    sample: SampleAudience, records: list[Record]
) -> None:
    assert open_audience(sample).kind == "mailchimp"
    assert {row.fields["plan"] for row in records} == {"free", "pro", "team"}
    assert {row.fields["member_rating"] for row in records} == set("12345")
    countries = Counter(row.fields["country"] for row in records)
    assert countries.keys() == {locale.country for locale in LOCALES}
    pairs = {(row.fields["country"], row.fields["language"]) for row in records}
    assert pairs == {(locale.country, locale.language) for locale in LOCALES}


def test_names_and_codes_are_true_to_the_country(records: list[Record]) -> None:
    locales = {locale.country: locale for locale in LOCALES}
    for row in records:
        locale = locales[row.fields["country"]]
        firsts = {name.partition("=")[0] for name in locale.first.split()}
        lasts = {name.partition("=")[0] for name in locale.last.split()}
        assert row.fields["first_name"] in firsts
        assert row.fields["last_name"] in lasts
        assert row.fields["phone"].startswith(locale.phone)
        assert len(row.fields["postal_code"]) == len(locale.postal)


def test_domains_belong_to_big_providers_or_to_nobody(records: list[Record]) -> None:
    domains = {row.address.index_form.partition("@")[2] for row in records}

    rest = domains - BIG_PROVIDERS
    assert rest
    assert all(domain.endswith((".example", ".test")) for domain in rest)


def test_providers_have_their_usual_shares(records: list[Record]) -> None:
    buckets = Counter(provider_bucket(row.address.index_form) for row in records)

    assert buckets.most_common(1)[0][0] in {"gmail", "other"}
    assert 0.25 < buckets["gmail"] / len(records) < 0.5


def test_international_addresses_and_odd_cells_occur(records: list[Record]) -> None:
    domains = {row.address_text.partition("@")[2] for row in records}
    locals_ = {row.address.index_form.partition("@")[0] for row in records}

    assert any(not domain.isascii() for domain in domains)
    assert any(not local.isascii() for local in locals_)
    assert any("\n" in row.fields["notes"] for row in records)
    assert any('"' in row.fields["tags"] for row in records)


def test_dirt_is_of_several_kinds(sample: SampleAudience) -> None:
    reasons = {row.reason for row in read(sample)[1]}

    assert {"address-invalid", "too-few-fields"} <= reasons


@pytest.mark.parametrize(
    ("rows", "planted", "marker"),
    [
        (10, 6, "zqcanary"),
        (10, -1, "zqcanary"),
        (-1, 0, ""),
        (10, 1, ""),
        (10, 1, "@x"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(
    rows: int, planted: int, marker: str
) -> None:
    with pytest.raises(ValueError, match=r"planted|marker"):
        SampleAudience(rows, 1, marker, planted)
