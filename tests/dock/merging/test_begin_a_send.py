"""Beginning, holding and watching a send over the API."""

import pytest

from listkeep.dock.outlet.merging.models import MailMerge
from tests.dock.conftest import Api
from tests.dock.letters import eml, subject_of
from tests.fakes.keeper import FakeKeeper

TEXT = "Dear [[first_name:sealed|reader]],\n\nyou have the plan [[plan:text|free]].\n"
HTML = "<html><body><p>Dear [[first_name:sealed|reader]]</p></body></html>"


@pytest.fixture
def request_id(keeper: FakeKeeper, news: str) -> str:
    subject = subject_of(eml(TEXT, HTML))
    request = keeper.sign_send(news, **subject)
    keeper.grant_send(news, request=request, templates=(subject["templates"],))
    return request


def test_without_its_template_nothing_begins(ada: Api, request_id: str) -> None:
    answer = ada.post(f"/sends/{request_id}/start", {})

    assert (answer.status, answer.json["code"]) == (409, "template-missing")
    assert MailMerge.objects.count() == 0


def test_beginning_twice_is_beginning_once(ada: Api, request_id: str) -> None:
    ada.put(f"/sends/{request_id}/template", eml(TEXT, HTML))

    first = ada.post(f"/sends/{request_id}/start", {}).json
    second = ada.post(f"/sends/{request_id}/start", {}).json

    assert first == second
    assert (first["state"], first["delivered"]) == ("running", 0)
    assert first["selected"] > 0
    assert MailMerge.objects.count() == 1


def test_it_is_held_and_goes_on(ada: Api, request_id: str) -> None:
    ada.put(f"/sends/{request_id}/template", eml(TEXT, HTML))
    ada.post(f"/sends/{request_id}/start", {})

    assert ada.post(f"/sends/{request_id}/pause", {}).json["state"] == "paused"
    assert ada.get(f"/sends/{request_id}").json["state"] == "paused"
    assert ada.post(f"/sends/{request_id}/resume", {}).json["state"] == "running"


def test_what_has_ended_is_not_begun_again(ada: Api, request_id: str) -> None:
    ada.put(f"/sends/{request_id}/template", eml(TEXT, HTML))
    ada.post(f"/sends/{request_id}/start", {})
    MailMerge.objects.update(state="done")

    answer = ada.post(f"/sends/{request_id}/resume", {})

    assert (answer.status, answer.json["code"]) == (409, "not-waiting")
    assert MailMerge.objects.get().state == "done"


def test_what_was_not_begun_is_not_known(ada: Api, request_id: str) -> None:
    for verb in ("pause", "resume"):
        assert ada.post(f"/sends/{request_id}/{verb}", {}).status == 404
    assert ada.get(f"/sends/{request_id}").status == 404


def test_a_service_sends_nothing_by_itself(
    keeper: FakeKeeper, ada: Api, request_id: str
) -> None:
    ada.put(f"/sends/{request_id}/template", eml(TEXT, HTML))
    app = Api(keeper.add_service("app", "acme"))

    assert app.post(f"/sends/{request_id}/start", {}).status in (403, 404)
    assert MailMerge.objects.count() == 0
