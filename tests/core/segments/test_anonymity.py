import pytest

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.segments import anonymity
from listkeep.core.segments.anonymity import FacetRisk, verify_anonymity
from listkeep.core.segments.schema import Schema

SCHEMA = Schema.parse(("country:text", "joined:date"))


def row(country: str, joined: str = "2024-05-17") -> str:
    return SCHEMA.encode_facets({"country": country, "joined": joined})


def test_an_empty_list_identifies_no_one() -> None:
    report = FacetRisk(SCHEMA).report()

    assert (report.rows, report.small_rows, report.share) == (0, 0, 0.0)
    verify_anonymity(report)


def test_entries_in_groups_under_five_are_counted() -> None:
    risk = FacetRisk(SCHEMA)
    risk.add_many([row("DE")] * 90 + [row("FR")] * 5 + [row("IT")] * 4)
    risk.add(row("ES"))

    report = risk.report()

    assert (report.rows, report.small_rows, report.share) == (100, 5, 0.05)
    assert [entry.facet.name for entry in report.facets] == ["country", "joined"]
    assert [entry.share for entry in report.facets] == [0.05, 0.0]
    assert [entry.share_without for entry in report.facets] == [0.0, 0.05]


def test_a_missing_value_is_a_value_like_others() -> None:
    risk = FacetRisk(SCHEMA)
    risk.add_many([row("DE")] * 90 + [row("")] * 4)

    assert risk.report().small_rows == 4


def test_one_by_one_and_all_at_once_count_the_same() -> None:
    texts = [
        row(f"c{number % 7}", f"2024-05-{number % 28 + 1:02}") for number in range(100)
    ]
    together, single = FacetRisk(SCHEMA), FacetRisk(SCHEMA)

    together.add_many(iter(texts))
    for text in texts:
        single.add(text)

    assert together.report() == single.report()


def test_a_row_that_is_taken_out_again_was_never_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(anonymity, "MAX_CHARACTERS", 2 * len(row("DE")))
    once, again = FacetRisk(SCHEMA), FacetRisk(SCHEMA)
    once.add_many([row("DE")] * 3)

    again.add_many([row("DE")] * 4)
    again.remove(row("DE"))
    for country in ("FR", "IT", "ES"):  # each makes room for the next
        again.add(row(country))
        again.remove(row(country))

    assert again.report() == once.report()


def test_a_facet_that_identifies_alone_is_named_with_its_share() -> None:
    risk = FacetRisk(SCHEMA)
    risk.add_many([row("DE")] * 97 + [row("DE", "2024-01-01")] * 3)

    with pytest.raises(RefusedError) as refused:
        verify_anonymity(risk.report())

    error = refused.value
    assert error.code is Code.FACET_IDENTIFIES
    assert error.message == "facet joined leaves 3.0 % of rows in groups under 5"
    assert error.hint == "seal that column, or declare it as joined:month"


def test_facets_that_only_identify_together_are_refused_by_the_worse_one() -> None:
    risk = FacetRisk(SCHEMA)
    for country in range(8):
        for day in range(1, 9):
            risk.add_many([row(f"c{country}", f"2024-05-{day:02}")] * 2)
    for country in range(8):
        risk.add_many([row(f"c{country}", "2024-06-01")] * 20)
    report = risk.report()
    assert max(entry.share for entry in report.facets) == 0.0

    with pytest.raises(RefusedError) as refused:
        verify_anonymity(report)

    assert refused.value.message == (
        "facets together leave 44.4 % of rows (without country: 0.0 %) "
        "in groups under 5"
    )
    assert refused.value.hint == (
        "seal that column, or group its values before importing"
    )


@pytest.mark.parametrize(
    ("common", "rare", "is_identifying"),
    [(95, 4, False), (96, 4, True), (99, 1, False), (98, 2, True), (396, 4, False)],
)
def test_more_than_one_percent_of_a_hundred_rows_is_too_much(
    common: int, rare: int, is_identifying: bool
) -> None:
    risk = FacetRisk(SCHEMA)
    risk.add_many([row("DE")] * common + [row("FR")] * rare)

    assert risk.report().is_identifying is is_identifying


@pytest.mark.parametrize("at_once", [True, False], ids=["many", "single"])
def test_too_many_combinations_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    monkeypatch.setattr(anonymity, "MAX_COMBINATIONS", 20)
    risk = FacetRisk(SCHEMA)
    texts = [row(f"c{number}") for number in range(21)]
    risk.add_many(texts[:20] * 2)

    with pytest.raises(RefusedError) as refused:
        risk.add_many(texts[20:]) if at_once else risk.add(texts[20])

    error = refused.value
    assert error.code is Code.FACET_IDENTIFIES
    assert "most of them through country: so far 100.0 %" in error.message
    assert "group its values" in error.hint
    with pytest.raises(RefusedError):
        risk.add(texts[0])


def test_wide_rows_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anonymity, "MAX_CHARACTERS", 1000)
    risk = FacetRisk(SCHEMA)
    wide = [row(f"{'x' * 150}{number}") for number in range(8)]
    risk.add_many(wide[:1] * 50)

    with pytest.raises(RefusedError, match="too many combinations"):
        risk.add_many(wide)


def test_a_row_of_another_schema_is_told() -> None:
    risk = FacetRisk(SCHEMA)
    risk.add('["DE"]')

    with pytest.raises(MalformedError):
        risk.report()


def test_a_list_without_facets_is_one_group() -> None:
    risk = FacetRisk(Schema(()))
    risk.add_many(["[]"] * 200)

    report = risk.report()

    assert (report.rows, report.small_rows) == (200, 0)
    verify_anonymity(report)
