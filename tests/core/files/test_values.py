from listkeep.core.addresses import parse_address
from listkeep.core.files.values import Batch, Page, Record, Rejected, RejectReason


def test_every_reason_has_a_sentence_of_its_own() -> None:
    texts = [reason.text for reason in RejectReason]

    assert len(set(texts)) == len(RejectReason)
    assert all(texts)


def test_reasons_are_kebab_case_like_all_public_codes() -> None:
    assert all(
        reason == reason.name.lower().replace("_", "-") for reason in RejectReason
    )


def test_a_record_gives_the_address_but_prints_nothing_of_itself() -> None:
    record = Record(2, "Ada@example.com", "subscribed", {"city": "Canary Wharf"})

    assert record.address == parse_address(" Ada@example.com ")
    assert "ada" not in f"{record}".lower()
    assert "Canary" not in repr(record)


def test_a_batch_counts_good_rows_and_prints_nothing_of_them() -> None:
    batch = Batch([2], ["ada@example.com"], ["subscribed"], [["Canary"]])

    assert len(batch) == 1
    assert len(Batch()) == 0
    assert "Canary" not in repr(batch)
    assert "Canary" not in repr(Page([2], [["Canary"]], []))


def test_a_rejected_row_is_a_line_and_a_reason_and_nothing_else() -> None:
    assert Rejected._fields == ("line", "reason")
