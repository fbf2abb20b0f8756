"""What a real browser makes of it: cookies, redirects, frames, forms from elsewhere.

One server plays all origins. The keeper's page is played by one that signs Ben in at
the press of a link; everything else is the dock itself.
"""

import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper

CHROMIUM = shutil.which("chromium")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
)
CSV = b"E-mail,Plan,Country,Name\nida@example.com,pro,DE,Ida\n"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="there is no chromium on the PATH: apt-get install chromium",
)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        super().process_request_thread(request, client_address)
        connections.close_all()  # the thread's own, and the thread ends here


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        return


@pytest.fixture
def port(
    keeper: FakeKeeper, ben: Api, monkeypatch: pytest.MonkeyPatch
) -> Iterator[int]:
    """Serve the dock, a keeper's page and somebody evil under one port."""
    dock = get_wsgi_application()
    assert ben.caller is not None
    session = ben.caller.session

    def serve(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        host = environ["HTTP_HOST"].partition(".")[0]
        if host == "drop":
            return dock(environ, start)
        start("200 OK", [("Content-Type", "text/html")])
        here = f"http://drop.localhost:{server.server_port}"
        if host == "seal" and environ["PATH_INFO"] == "/authorize":
            told = {k: v for k, [v] in parse_qs(environ["QUERY_STRING"]).items()}
            code = keeper.issue_code(
                session, challenge=told["challenge"], client=told["client"]
            )
            back = f"{told['redirect']}?code={code}&state={told['state']}"
            return [f'<a href="{back}">sign</a>'.encode()]
        return [
            f'<a href="{here}/exports">exports</a>'
            f'<form method="post" action="{here}/sign-out"><button>win</button></form>'
            f'<iframe src="{here}/"></iframe>'.encode()
        ]

    server = make_server("127.0.0.1", 0, serve, _Server, _Quiet)
    number = server.server_port
    for name, host in (("DROP", "drop"), ("SEAL", "seal")):
        origin = f"http://{host}.localhost:{number}"
        monkeypatch.setattr(settings, f"LISTKEEP_{name}_ORIGIN", origin)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield number
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def chromium() -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM or "chromium", args=QUIET
        )
        yield browser.new_context()
        browser.close()


def sign_in(context: BrowserContext, port: int) -> Page:
    page = context.new_page()
    page.goto(f"http://drop.localhost:{port}/sign-in")
    page.get_by_role("button", name="Go to the keeper").click()
    page.get_by_role("link", name="sign").click()
    page.wait_for_url(f"http://drop.localhost:{port}/")
    return page


def test_a_person_signs_in_works_and_signs_out(
    port: int, news: str, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(CSV)
    with chromium() as context:
        complaints: list[str] = []
        context.on("console", lambda message: complaints.append(message.text))
        page = sign_in(context, port)
        page.get_by_role("heading", name="What passes through here").wait_for()

        page.get_by_role("link", name="Look up").first.click()
        page.get_by_label("Address").fill("anna@example.com")
        page.get_by_role("button", name="Look up").click()
        page.get_by_role("heading", name="Found").wait_for()

        page.get_by_role("link", name="Import", exact=True).click()
        page.get_by_role("link", name="news").click()
        page.get_by_label("File", exact=True).set_input_files(file)
        page.get_by_role("button", name="Look at the file first").click()
        page.get_by_label("File", exact=True).set_input_files(file)
        page.get_by_role("button", name="Import this file").click()
        page.get_by_text("Done.").wait_for()

        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Signed out").wait_for()
        assert context.cookies() == []
    assert complaints == []


def test_the_session_is_strict_and_the_way_back_needs_a_lax_cookie(port: int) -> None:
    with chromium() as context:
        page = context.new_page()
        page.goto(f"http://drop.localhost:{port}/sign-in")
        page.get_by_role("button").click()
        page.wait_for_url("**/authorize?*")
        flow = {c["name"]: c["sameSite"] for c in context.cookies()}
        page.get_by_role("link").click()
        page.wait_for_url(f"http://drop.localhost:{port}/")
        session = {c["name"]: c["sameSite"] for c in context.cookies()}

    assert flow == {"__Host-flow": "Lax"}
    assert session == {"__Host-drop": "Strict"}


def test_a_link_on_another_site_leads_in_without_being_signed_out(port: int) -> None:
    with chromium() as context:
        page = sign_in(context, port)
        page.goto(f"http://evil.localhost:{port}/")
        page.get_by_role("link", name="exports").click()
        page.get_by_role("heading", name="Granted to you").wait_for()


def test_another_site_cannot_sign_somebody_out_or_show_the_page_in_a_frame(
    port: int,
) -> None:
    with chromium() as context:
        page = sign_in(context, port)
        other = context.new_page()
        told: list[str] = []
        other.on("console", lambda message: told.append(message.text))
        other.goto(f"http://evil.localhost:{port}/")
        assert any("frame" in words and "drop.localhost" in words for words in told)
        other.get_by_role("button", name="win").click()
        other.get_by_text("The form was sent from somewhere else.").wait_for()

        page.reload()
        page.get_by_role("heading", name="What passes through here").wait_for()


def test_no_script_runs_here_and_none_could_ask_for_a_signature(port: int) -> None:
    asking = """() => navigator.credentials.get({publicKey: {
        challenge: new Uint8Array(32), rpId: location.hostname}})
        .catch(error => error.name)"""
    planting = """() => { const script = document.createElement("script");
        script.text = "document.title = 'taken'"; document.body.append(script); }"""
    with chromium() as context:
        page = sign_in(context, port)
        assert page.evaluate(asking) == "NotAllowedError"
        page.evaluate(planting)
        assert "taken" not in page.title()
