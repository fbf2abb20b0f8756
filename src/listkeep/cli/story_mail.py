"""The chapter of the demo in which a campaign leaves, and those who send are robbed."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from listkeep.drill.loot import Loot
from listkeep.drill.mailers import Opened, abuse_live_sends, steal_app_host
from listkeep.drill.scene import Scene
from listkeep.drill.sink import MailSink

from .narrator import Narrator

OUTLET = "\n[outlet]\nprivate_targets = true\n"
"""The demo's mail server is on this machine; in earnest none may be."""
_SEGMENT = 'country = "DE" and member_rating = 5 and status = subscribed'
_LIVE_CAP = 25
_LIVE_PACE = 600  # an hour; the dock hands over a sixtieth of it, then rests a minute
_DELIVERED = 10
_PATIENCE_SECONDS = 60
_TOLD_SECONDS = 2  # after so long the keeper knows what was delivered
_DOMAIN = "news.example.com"
_ALIAS_DOMAIN = "tok.example.com"
_TOKEN = re.compile(rb"\b[a-z2-7]{26}\b")
_LETTER = f"""From: News <news@{_DOMAIN}>
To: [[first_name:sealed|Reader]]
Subject: Spring, [[first_name:sealed|reader]]
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Dear [[first_name:sealed|reader]],

spring offers: https://shop.example.com/spring/[[alias]]
"""


@dataclass
class Campaign:
    """A campaign, from the way out to the last thief."""

    teller: Narrator
    folder: Path
    find_request: Callable[[str], str]

    @property
    def _template(self) -> Path:
        return self.folder / "spring.eml"

    def tell(self, scene: Scene, *, port: int) -> dict[str, Any]:
        """Send to a segment, then let thieves try; gives the figures."""
        self._template.write_text(_LETTER)
        with MailSink(port=port) as sink:
            self._open_way(sink)
            started = time.monotonic()
            sent = self._send()
            seconds = round(time.monotonic() - started, 1)
            received = self._look_at(sink, seconds)
            app = self._rob_app_host(scene)
            live, again = self._rob_dock_host(scene, sink)
        return {
            "sent": sent,
            "received": received,
            "app_host": len(app.found),
            "dock_host": len(live.addresses),
            "unspent_cap": live.unspent,
            "delivered_before": live.closed,
            "opened_again": again,
            "seconds": seconds,
        }

    def _open_way(self, sink: MailSink) -> None:
        self.teller.say("Mail: a way out and a sending domain, each signed by two")
        for name in ("cleo", "cyrus", "amir"):
            self.teller.run("login", "--as", name, is_shown=False)
        self._agree(
            *("cleo", "cyrus"),
            *("route", "add", "relay", "--smart-host", "127.0.0.1"),
            *("--port", str(sink.port), "--tls", f"pinned:{sink.pin}"),
            *("--mail-domain", "bounce.example.com", "--token-domain", _ALIAS_DOMAIN),
        )
        self._agree("ada", "amir", "domain", "add", _DOMAIN)

    def _agree(self, asks: str, approves: str, *words: str) -> None:
        asked = self.teller.run(*words, "--as", asks)
        request = self.find_request(asked)
        self.teller.run("approve", request, "--yes", "--as", approves)

    def _send(self) -> int:
        self.teller.say("A campaign leaves: terms, approval, then the dock sends")
        counted = self.teller.read_json(
            *("count", "newsletter", "--segment", _SEGMENT, "--json", "--as", "ben")
        )
        request = self._ask(counted["count"])
        done = self.teller.read_json(
            *("send", request, "--template", str(self._template)),
            *("--wait", "--json", "--as", "ben"),
        )
        self.teller.command(f"listkeep send {request} --template spring.eml --wait")
        self.teller.note(
            f"{done['delivered']:,} delivered, {done['failed']:,} failed; there is no "
            "mail server in between here, the dock sends by itself"
        )
        return int(done["delivered"])

    def _ask(self, cap: int, *, pace: int = 0) -> str:
        asked = self.teller.run(
            *("request", "send", "newsletter", "--template", str(self._template)),
            *("--segment", _SEGMENT, "--cap", str(cap), "--route", "relay"),
            *("--purpose", "spring offers", "--pace", str(pace)),
            *("--sign", "--as", "ben"),
        )
        request = self.find_request(asked)
        self.teller.run(
            *("approve", request, "--rows", str(cap), "--yes", "--as", "ada")
        )
        return request

    def _look_at(self, sink: MailSink, seconds: float) -> int:
        received = len(set(sink.recipients))
        tokens = sum(len(_TOKEN.findall(content)) for content in sink.contents)
        self.teller.note(
            f"the sink has {received:,} letters in {seconds} s, each to one address; "
            f"{tokens} tokens in them"
        )
        return received

    def _rob_app_host(self, scene: Scene) -> Loot:
        self.teller.say("Thieves of those who send")
        folder = self.folder / "app"
        folder.mkdir(exist_ok=True)
        self.teller.run(
            *("tokens", "newsletter", "--as", "csv", "--as", "ben"),
            *("--token-domain", _ALIAS_DOMAIN, "-o", str(folder / "subscribers.csv")),
        )
        loot = steal_app_host(scene, folder)
        self.teller.note(
            f"app host   {len(loot.found):>4} addresses   the application's files; "
            f"{loot.bytes / 1e6:.1f} MB"
        )
        return loot

    def _rob_dock_host(self, scene: Scene, sink: MailSink) -> tuple[Opened, int]:
        before = len(sink.recipients)
        request = self._ask(_LIVE_CAP, pace=_LIVE_PACE)
        template = str(self._template)
        self.teller.run("send", request, "--template", template, "--as", "ben")
        until = time.monotonic() + _PATIENCE_SECONDS
        while len(sink.recipients) < before + _DELIVERED and time.monotonic() < until:
            time.sleep(0.2)
        self.teller.run("send", "pause", request, "--as", "ben")
        time.sleep(_TOLD_SECONDS)
        opened = abuse_live_sends(scene)
        had = set(sink.recipients[before:])
        again = len(had & opened.addresses)
        self.teller.note(
            f"dock host  {len(opened.addresses):>4} addresses   with the dock's key "
            f"while a send goes on: its unspent cap, {opened.unspent} of {opened.cap}; "
            f"of the {len(had)} people who had its message, {again}"
        )
        return opened, again
