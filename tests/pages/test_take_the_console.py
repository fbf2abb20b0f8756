"""A thief is root on the console's host: its key, and sessions of who works there."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from listkeep.wire import messages as m
from listkeep.wire.base import encode
from tests.pages.house import House
from tests.pages.test_approve_a_send import ask_send

WALK = (
    *("/", "/lists", "/requests", "/activity", "/people", "/incidents", "/freeze"),
    *("/settings", "/lists?as=csv", "/requests?as=csv", "/activity?as=csv"),
    *("/incidents?as=csv", "/lists/{list}", "/lists/{list}/history"),
    *("/lists/{list}/count?segment=all", "/lists/{list}/history?as=csv"),
    *("/activity/newer?after=0", "/activity/{entry}", "/requests/{request}"),
    *("/sends", "/sends?as=csv", "/sends/new", "/lists/{list}/send"),
    *("/lists/{list}/send/count", "/sends/{send}", "/sends/{send}/providers"),
    *("/lists/{list}/standing", "/activity/hours", "/activity/hours?as=csv"),
    "/settings?as=budgets",
    *("/lists/{list}?as=growth", "/sends/{send}?as=series"),
)
NOBODY, SIGNED_OUT = "nobody", 401
# Who may open what; 404 where somebody may not know that it is there.
EVERYBODY = ("eve", "ben", "ada", "cleo", "sam")
MAY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(WALK, EVERYBODY),
    "/people": ("eve", "ada", "cleo"),
    "/lists": ("eve", "ben", "ada"),
    "/lists?as=csv": ("eve", "ben", "ada"),
    "/sends/new": ("eve", "ben", "ada"),
    "/sends/{send}": ("ben", "ada", "cleo"),
    "/sends/{send}/providers": ("ben", "ada", "cleo"),
    "/sends/{send}?as=series": ("ben", "ada"),
    **{path: ("ben", "ada") for path in WALK if "{list}" in path},
    "/activity/{entry}": ("ada", "cleo"),
    "/requests/{request}": ("ben", "ada", "cleo"),
    "/incidents": ("eve", "ada", "cleo", "ben", "sam"),
}
DOCK: dict[tuple[str, str], dict[str, object]] = {
    ("GET", "lists/{list}/tokens"): {},
    ("GET", "lists/{list}/tokens?stream=csv"): {},
    ("GET", "lists/{list}/restore-preview?to=2026-01-01T00:00:00Z"): {},
    ("POST", "lists"): {"name": "mine"},
    ("POST", "lists/{list}/imports"): {},
    ("POST", "lists/{list}/look-up"): {"address": "person1@example.com"},
    ("POST", "lists/{list}/suppress"): {"tokens": ["{token}"], "reason": "bounced"},
    ("POST", "lists/{list}/sealed"): {"tokens": ["{token}"]},
    ("PATCH", "lists/{list}/entries/{token}"): {"status": "bounced"},
    ("POST", "exports"): {"request": "{request}"},
    ("PUT", "lists/{list}/templates"): {},
    ("POST", "sends/{send}/start"): {},
    ("POST", "sends/{send}/pause"): {},
    ("POST", "erasures"): {"request": "{request}", "token": "{token}"},
}


@pytest.fixture(scope="module")
def names(house: House) -> dict[str, str]:
    """What there is: a list, a request, an entry of the ledger, a token."""
    with house.instance.dock(house.stage.carried["ada"]) as dock:
        (found,) = dock.show_lists()
        ((entry, *_), _) = dock.read_tokens(found.id, limit=1)
    request, send = house.ask_export("ben", 5), ask_send(house)
    size = house.keeper.health().ledger_size
    return {
        "list": found.id,
        "request": request.id,
        "send": send.id,
        "entry": str(size - 1),
        "token": entry.token,
    }


@pytest.fixture(scope="module")
def key(house: House) -> str:
    return (house.instance.home / "console.key").read_text().strip()


@pytest.fixture(scope="module")
def session(house: House, key: str) -> Callable[[str], str]:
    """Give somebody's live session at the console, as it lies in its memory."""
    known: dict[str, str] = {}

    def sign_in(name: str) -> str:
        if name not in known:
            known[name] = house.stage.start_session(name, key[4:18])
        return known[name]

    return sign_in


@pytest.fixture(scope="module")
def browse(
    house: House, session: Callable[[str], str]
) -> Iterator[Callable[[str, str], httpx.Response]]:
    """Open a page as somebody, without a browser."""
    app = house.instance.app
    assert app is not None
    host = app.app_origin.removeprefix("http://")
    with httpx.Client(base_url=f"http://127.0.0.1:{app.port}") as client:

        def open_page(name: str, path: str) -> httpx.Response:
            headers = {"host": host}
            if name != NOBODY:
                headers["cookie"] = f"__Host-app={session(name)}"
            return client.get(path, headers=headers)

        yield open_page


@pytest.fixture(scope="module", autouse=True)
def _everybody_is_here(house: House) -> None:
    stage = house.stage
    stage.sign_in("sam")
    house.bring_in_others()


@pytest.mark.parametrize("path", WALK)
def test_each_page_is_for_those_the_table_names(
    browse: Callable[[str, str], httpx.Response], names: dict[str, str], path: str
) -> None:
    found = {
        name: browse(name, path.format(**names)).status_code
        for name in (NOBODY, *EVERYBODY)
    }

    assert found.pop(NOBODY) == SIGNED_OUT
    allowed = {name for name, status in found.items() if status == 200}
    assert allowed == set(MAY[path]), found
    refused = {status for name, status in found.items() if name not in allowed}
    assert refused <= {403, 404}


@pytest.mark.parametrize("name", EVERYBODY)
def test_all_pages_of_everybody_hold_no_address_and_no_token(
    browse: Callable[[str, str], httpx.Response], names: dict[str, str], name: str
) -> None:
    for path in WALK:
        text = browse(name, path.format(**names)).text.lower()
        assert "@example.com" not in text, path
        assert "person1" not in text, path
        assert names["token"] not in text, path


@pytest.mark.parametrize("door", DOCK, ids=" ".join)
@pytest.mark.parametrize("name", ["ada", "ben", "cleo", "sam"])
def test_with_key_and_live_sessions_it_touches_nothing_at_the_dock(  # noqa: PLR0917
    house: House,
    key: str,
    session: Callable[[str], str],
    names: dict[str, str],
    name: str,
    door: tuple[str, str],
) -> None:
    method, path = door
    body = {
        field: [one.format(**names) for one in value]
        if isinstance(value, list)
        else str(value).format(**names)
        for field, value in DOCK[door].items()
    }

    answer = httpx.request(
        method,
        f"{house.instance.config.dock}/v1/{path.format(**names)}",
        json=body if method != "GET" else None,
        headers={
            "authorization": f"Bearer {key}",
            "listkeep-session": session(name),
        },
    )

    assert answer.status_code in (401, 403, 404), answer.text
    assert names["token"] not in answer.text


def test_its_key_alone_is_nobody(house: House, key: str, names: dict[str, str]) -> None:
    answer = httpx.get(
        f"{house.instance.config.dock}/v1/lists",
        headers={"authorization": f"Bearer {key}"},
    )

    assert answer.status_code in (401, 403)


def test_at_the_keeper_it_reads_what_its_people_read_and_signs_nothing(
    house: House, key: str, session: Callable[[str], str], names: dict[str, str]
) -> None:
    transport = httpx.HTTPTransport(uds=str(house.instance.socket))
    headers = {
        "authorization": f"Bearer {key}",
        "content-type": "application/vnd.listkeep+msgpack",
    }
    messages = {
        "look-up": m.LookUp(
            caller=m.Caller(session=session("ada")),
            list=names["list"],
            address="person1@example.com",
        ),
        "exports/run": m.RunExport(
            session=session("ben"), request=names["request"], format="csv"
        ),
        "reveals/run": m.RunReveal(
            session=session("ben"),
            request=names["request"],
            rows=m.RowBatch(
                tokens=b"", batch_ids=b"", positions=[], sealed=[], facets=[]
            ),
        ),
        "people/invite": m.Invite(session=session("ada"), role="owner", name="mallory"),
    }
    with httpx.Client(transport=transport, base_url="http://keeper/v1/") as client:
        for path, message in messages.items():
            answer = client.post(path, content=encode(message), headers=headers)
            assert answer.status_code in (400, 401, 403, 404), path


def test_its_files_hold_no_address_and_no_session(
    house: House,
    browse: Callable[[str, str], httpx.Response],
    session: Callable[[str], str],
    names: dict[str, str],
) -> None:
    for path in WALK:
        browse("ada", path.format(**names))

    home = house.instance.home
    for file in (home / "console.toml", home / "console.key", home / "log/console.log"):
        text = file.read_text().lower()
        assert "@example.com" not in text
        assert session("ada").lower() not in text
        assert names["token"] not in text
