"""Every operation of the API, called with what its description allows and does not."""

import json
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from listkeep.dock.project.api import api
from tests.dock.conftest import Api
from tests.dock.letters import TEXT, eml, subject_of
from tests.fakes.keeper import FakeKeeper
from tests.property.bending import bent

PLANTED = "planted.person@example.com"
# How templates are made is not for the description of the API to say.
schemathesis.openapi.media_type(
    "message/rfc822",
    st.sampled_from(
        (
            *(eml(), b"", eml(From=f"{PLANTED} <{PLANTED}>"), eml(Subject=PLANTED)),
            *(eml(Bcc=PLANTED), eml(text=f"{TEXT}mailto:{PLANTED} [[{PLANTED}]]")),
            eml(html=f'<a href="https://{PLANTED}/?{PLANTED}">{PLANTED}</a>'),
        )
    )
    | bent(eml()),
)
SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix="/v1/"))
OPERATIONS = {
    f"{each.method.upper()} {each.path}": each
    for found in SCHEMA.get_all_operations()
    if isinstance(found, Ok)
    for each in [found.ok()]
}
CALLS = [
    pytest.param(name, mode, id=f"{name} {mode.value}")
    for name, operation in OPERATIONS.items()
    for mode in GenerationMode
    # What takes nothing cannot be called wrongly.
    if mode.is_positive or operation.body or list(operation.iter_parameters())
]
NAMES = st.sampled_from(("news", "", "..", "%2e%2e", "l_news", PLANTED, "a" * 300))
SEARCHED = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_every_operation_is_called() -> None:
    assert len(OPERATIONS) > 15


@pytest.mark.parametrize(("name", "mode"), CALLS)
def test_no_call_is_an_accident(
    ada: Api, news: str, keeper: FakeKeeper, name: str, mode: GenerationMode
) -> None:
    """Judged or refused as a problem document; nothing of the call comes back."""
    operation = OPERATIONS[name]
    begun = ada.begin_import(news)
    known = {
        "list_name": news,
        "import_id": begun,
        "token": _a_token(ada, news),
        "request_id": keeper.sign_send(news, **subject_of(eml())),
    }

    @SEARCHED
    @given(operation.as_strategy(generation_mode=mode), st.data())
    def search(case: Any, data: st.DataObject) -> None:
        path = operation.path
        for each, value in (case.path_parameters or {}).items():
            wanted = data.draw(st.just(known.get(each, "x")) | NAMES | st.just(value))
            path = path.replace(f"{{{each}}}", quote(str(wanted), safe=""))
        body = b"" if case.body is None else _bytes(case.body)
        if body and data.draw(st.booleans()):
            body = data.draw(bent(body))
        answer = ada.call(
            case.method.upper(),
            path.removeprefix("/v1"),
            body,
            kind=case.media_type or "application/json",
            query={key: str(value) for key, value in (case.query or {}).items()},
        )

        assert answer.status < 500, (answer.status, answer.content)
        if answer.status >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert PLANTED.encode() not in answer.content

    search()
    assert ada.get(f"/lists/{news}").status == 200


def _a_token(ada: Api, news: str) -> str:
    return str(ada.tokens(news)[0]["token"])


def _bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return json.dumps(body, default=str).encode()
