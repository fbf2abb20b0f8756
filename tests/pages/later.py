"""Serve an instance's pages some hours from now: the same code, another clock.

Run as a program: ``python -m tests.pages.later PORT HOURS`` in its environment.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.wsgi import get_wsgi_application


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, *_parts: Any) -> None:
        """Say nothing."""


def main(port: int, hours: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "listkeep.keeper.project.pages"
    application = get_wsgi_application()
    from listkeep.keeper.gate import endpoint  # noqa: PLC0415

    def later() -> datetime:
        return datetime.now(UTC) + timedelta(hours=hours)

    endpoint.current_time = later  # before any page is read, which take it from there
    with make_server("127.0.0.1", port, application, Server, Silent) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
