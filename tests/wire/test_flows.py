from urllib.parse import parse_qs, urlsplit

import pytest

from listkeep.wire.flows import (
    begin_flow,
    challenge_of,
    cli_client,
    is_verifier,
)

HERE = "http://127.0.0.1:5000/"


def test_the_challenge_is_that_of_the_standards_example() -> None:
    # RFC 7636, appendix B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert is_verifier(verifier)


def test_each_flow_has_secrets_of_its_own() -> None:
    flows = [begin_flow("cli", redirect=HERE) for _ in range(100)]

    assert len({flow.state for flow in flows} | {f.verifier for f in flows}) == 200
    assert all(is_verifier(flow.verifier) for flow in flows)


def test_the_page_is_told_the_challenge_and_never_the_verifier() -> None:
    flow = begin_flow("s_dockdockdock", redirect="http://drop.example/signed-in")

    parts = urlsplit(flow.authorize_url("http://seal.example:8471"))

    assert (parts.netloc, parts.path) == ("seal.example:8471", "/authorize")
    assert parse_qs(parts.query) == {
        "client": ["s_dockdockdock"],
        "redirect": ["http://drop.example/signed-in"],
        "state": [flow.state],
        "challenge": [challenge_of(flow.verifier)],
    }
    assert flow.verifier not in parts.query


@pytest.mark.parametrize(
    "text", ["", "a" * 42, "a" * 129, "a" * 43 + "\n", "a" * 42 + "+", "ä" * 43]
)
def test_what_is_no_verifier_is_told(text: str) -> None:
    assert not is_verifier(text)


def test_the_command_line_has_a_name_for_each_session_it_asks_for() -> None:
    assert cli_client() == "cli"
    assert cli_client("s_dockdockdock") == "cli.s_dockdockdock"
