import pytest

from tests.dock.conftest import Api


def test_a_list_is_opened_and_shown_by_id_and_name(ada: Api) -> None:
    list_id = ada.open_list("news", ["plan:text", "since:month"], ["name"])

    for name in (list_id, "news"):
        shown = ada.get(f"/lists/{name}").json
        assert shown["id"] == list_id
        assert shown["facets"] == ["plan:text", "since:month"]
        assert shown["fields"] == ["name"]
        assert shown["entries"] == 0
    assert [one["id"] for one in ada.get("/lists").json["lists"]] == [list_id]


def test_an_id_wins_over_a_list_that_was_given_it_as_a_name(ada: Api) -> None:
    first = ada.open_list("news")
    ada.open_list(first)

    assert ada.get(f"/lists/{first}").json["name"] == "news"


def test_a_name_is_given_once(ada: Api) -> None:
    ada.open_list("news")

    again = ada.post("/lists", {"name": "news"})

    assert again.status == 409
    assert again.json["code"] == "already-exists"


def test_a_facet_of_no_known_type_is_refused_with_a_hint(ada: Api) -> None:
    answer = ada.post("/lists", {"name": "news", "facets": ["plan:colour"]})

    assert answer.status == 400
    assert answer.json["code"] == "facet-invalid"
    assert "plan:text" in answer.json["hint"]


def test_a_field_is_a_facet_or_sealed_but_not_both(ada: Api) -> None:
    for body in (
        {"name": "a", "facets": ["plan:text"], "fields": ["plan"]},
        {"name": "b", "fields": ["plan", "plan"]},
    ):
        answer = ada.post("/lists", body)
        assert (answer.status, answer.json["code"]) == (400, "facet-invalid")
    assert ada.get("/lists").json["lists"] == []


def test_a_name_with_odd_characters_finds_nothing_and_harms_nothing(
    ada: Api, news: str
) -> None:
    for name in ("Fr%C3%BChling%20%26%20S%C3%B6hne", "%25s", "'%20;%20--", "%00"):
        assert ada.get(f"/lists/{name}").status == 404
    assert ada.get(f"/lists/{news}/count").json["count"] == 4


def test_a_service_opens_no_list(app: Api, intake: Api) -> None:
    for service in (app, intake):
        assert service.post("/lists", {"name": "news"}).status == 403


@pytest.mark.parametrize(
    "name", ["", "a/b", "..", ".hidden", "a\0b", "a\nb", "x" * 101]
)
def test_a_name_must_fit_into_an_address(ada: Api, name: str) -> None:
    assert ada.post("/lists", {"name": name}).status == 400
