import httpx

from tests.wire.dock.spoken import COUNT, client


def test_names_are_one_part_of_the_path_and_the_bearer_is_a_header() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=COUNT)

    with client(answer) as dock:
        assert dock.count("../a b/ü?x#y", 'plan = "pro"').count == 3

    [request] = seen
    assert request.url.raw_path.startswith(b"/v1/lists/..%2Fa%20b%2F%C3%BC%3Fx%23y/")
    assert request.url.params["segment"] == 'plan = "pro"'
    assert request.headers["authorization"] == "Bearer lks_session"
