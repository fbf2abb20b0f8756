"""After a tenant's index key was renewed, who has an entry keeps the token it has."""

from listkeep.core.sealing import SealedRow, format_token
from listkeep.dock.lists.models import Entry
from tests.dock.conftest import Api, token_text
from tests.fakes.keeper import FakeKeeper

ANNA, ZOE = "anna@example.com", "zoe@example.com"


def renew(keeper: FakeKeeper) -> None:
    keeper.index_keys["acme"] += 1


def newer(keeper: FakeKeeper, address: str, number: int = 1) -> str:
    return format_token(keeper.token_of("acme", address, number=number))


def tokens(list_id: str) -> set[str]:
    found = Entry.objects.filter(list_id=list_id).values_list("token", flat=True)
    return {format_token(bytes(token)) for token in found}


def test_an_entry_keeps_its_token_and_who_is_new_gets_a_newer_one(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    before = tokens(news)
    renew(keeper)

    ada.fill(news, f"{ANNA},free,DE,Anna", f"{ZOE},pro,DE,Zoe")

    assert tokens(news) == before | {newer(keeper, ZOE)}
    opened = [keeper.open(keeper.lists[news], row).address for row in stored(news)]
    assert min(opened) == ANNA
    assert ZOE in opened


def stored(list_id: str) -> list[SealedRow]:
    return [
        SealedRow(
            bytes(e.token), bytes(e.batch_id), e.position, bytes(e.sealed), e.facets
        )
        for e in Entry.objects.filter(list_id=list_id)
    ]


def test_somebody_has_one_token_in_all_lists_of_the_tenant(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    renew(keeper)
    other = ada.open_list("other")

    ada.fill(other, f"{ANNA},pro,DE,Anna", f"{ZOE},pro,DE,Zoe")

    assert tokens(other) == {token_text(keeper, ANNA), newer(keeper, ZOE)}


def test_a_third_key_leaves_those_of_the_second_alone(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    renew(keeper)
    ada.fill(news, f"{ZOE},pro,DE,Zoe")
    renew(keeper)

    ada.fill(news, f"{ZOE},free,DE,Zoe", f"{ANNA},free,DE,Anna", "y@example.com,,,Y")

    assert len(tokens(news)) == 6
    wanted = {
        token_text(keeper, ANNA),
        newer(keeper, ZOE),
        newer(keeper, "y@example.com", 2),
    }
    assert wanted <= tokens(news)


def test_who_unsubscribed_stays_so_when_the_file_brings_them_again(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    token = token_text(keeper, ANNA)
    body = {"tokens": [token], "reason": "unsubscribed"}
    assert ada.post(f"/lists/{news}/suppress", body).status == 200
    renew(keeper)

    ada.fill(news, f"{ANNA},pro,DE,Anna")

    assert newer(keeper, ANNA) not in tokens(news)
    [row] = [row for row in ada.tokens(news) if row["token"] == token]
    assert row["status"] == "unsubscribed"


def test_a_bad_line_is_told_once(keeper: FakeKeeper, ada: Api, news: str) -> None:
    renew(keeper)

    answer = ada.fill(news, "nobody,pro,DE,No", f"{ZOE},pro,DE,Zoe")

    assert (answer.json["rows"], answer.json["rejected"]) == (1, 1)


def test_with_one_key_an_import_asks_no_more_than_before(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    keeper.calls.clear()
    ada.fill(news, f"{ANNA},pro,DE,Anna")
    assert "read_keys" not in keeper.calls

    renew(keeper)
    keeper.calls.clear()
    ada.fill(news, f"{ANNA},pro,DE,Anna")
    assert keeper.calls.count("read_keys") == 1
    assert keeper.calls.count("seal_rows") == 1


def test_a_look_up_answers_with_the_token_that_is_there(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    other = ada.open_list("other")
    renew(keeper)

    for list_id, address, token in (
        (news, ANNA, token_text(keeper, ANNA)),
        (other, ANNA, token_text(keeper, ANNA)),
        (news, ZOE, newer(keeper, ZOE)),
    ):
        answer = ada.post(f"/lists/{list_id}/look-up", {"address": address})
        assert answer.json["token"] == token
        assert answer.json["found"] == (list_id == news and address == ANNA)
    assert keeper.looked_up["ada"] == 3
