"""The chapter of the demo in which a campaign leaves, and those who send are robbed."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from listkeep.cli.home import Instance
from listkeep.cli.running.locks import find_free_port
from listkeep.cli.running.supervisor import PROXY, Supervisor
from listkeep.drill.loot import Loot
from listkeep.drill.mail_server import (
    ProxyLogin,
    hand_over,
    rob_meanwhile,
    running_mail_server,
)
from listkeep.drill.mailers import Opened, abuse_live_sends, steal_app_host
from listkeep.drill.postfix import why_not
from listkeep.drill.scene import Scene
from listkeep.drill.sink import MailSink
from listkeep.drill.stage import Stage

from .narrator import Narrator

OUTLET = "\n[outlet]\nprivate_targets = true\n"
"""The demo's mail server is on this machine; in earnest none may be."""
_SEGMENT = 'country = "DE" and member_rating = 5 and status = subscribed'
_LIVE_CAP = 25
_FULL_EVERY = 20  # one mailbox of so many is full at first
_LIVE_PACE = 600  # an hour; the dock hands over a sixtieth of it, then rests a minute
_DELIVERED = 7  # of the ten of a minute: a few may have no address that can be written
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
    stage: Stage

    @property
    def _template(self) -> Path:
        return self.folder / "spring.eml"

    def tell(self, scene: Scene, instance: Instance, *, port: int) -> dict[str, Any]:
        """Send to a segment, then let thieves try; gives the figures."""
        self._template.write_text(_LETTER)
        reason = why_not()
        with MailSink(port=port, full_every=0 if reason else _FULL_EVERY) as sink:
            self._open_way(sink)
            started = time.monotonic()
            mail: dict[str, Any] = {"mail_server": None, "why_no_mail_server": reason}
            if reason:
                sent = self._send(reason)
            else:
                sent, mail = self._send_through(scene, instance, sink)
            seconds = round(time.monotonic() - started, 1)
            received = self._look_at(sink, seconds)
            app = self._rob_app_host(scene)
            live, again = self._rob_dock_host(scene, sink)
        return {
            **mail,
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

    def _count(self) -> int:
        counted = self.teller.read_json(
            *("count", "newsletter", "--segment", _SEGMENT, "--json", "--as", "ben")
        )
        return int(counted["count"])

    def _send(self, reason: str) -> int:
        self.teller.say("A campaign leaves: terms, approval, then the dock sends")
        request = self._ask(self._count())
        done = self.teller.read_json(
            *("send", request, "--template", str(self._template)),
            *("--wait", "--json", "--as", "ben"),
        )
        self.teller.command(f"listkeep send {request} --template spring.eml --wait")
        self.teller.note(
            f"{done['delivered']:,} delivered, {done['failed']:,} failed; no mail "
            f"server in between, the dock sends by itself: {reason}"
        )
        return int(done["delivered"])

    def _send_through(
        self, scene: Scene, instance: Instance, sink: MailSink
    ) -> tuple[int, dict[str, Any]]:
        """Have the application send, by a real Postfix, and rob that meanwhile."""
        self.teller.say(
            "A campaign leaves: application, Postfix, delivery proxy, world"
        )
        count = self._count()
        request = self._ask(count)
        template = str(self._template)
        self.teller.run(
            *("send", "begin", request, "--template", template, "--as", "ben")
        )
        subscribers = self._write_subscribers(_SEGMENT, "spring.csv")
        with (
            Supervisor(instance, (PROXY,)),
            running_mail_server(
                find_free_port(), self._enrol_mail_server(instance)
            ) as mta,
        ):
            hand_over(
                _LETTER,
                subscribers,
                request=request,
                port=mta.port,
                log=subscribers.parent / "app.log",
            )
            robbed = rob_meanwhile(scene, mta, sink, count=count)
        self.teller.run("send", "end", request, "--as", "ben")
        self.teller.note(
            f"{robbed.sent:,} sent and {robbed.bounced:,} bounced by Postfix; "
            f"{robbed.waited:,} mailboxes were full at first, their letters waited"
        )
        self.teller.note(
            f"mail server {robbed.addresses:>2} addresses   its queue while letters "
            f"waited, its log and the bounces; {robbed.megabytes:.1f} MB"
        )
        return robbed.sent, {
            "mail_server": robbed.addresses,
            "why_no_mail_server": "",
            "waited": robbed.waited,
            "bounced": robbed.bounced,
        }

    def _enrol_mail_server(self, instance: Instance) -> ProxyLogin:
        key = self.stage.add_service("relay", kind="mta", by=("cleo", "cyrus"))
        self.teller.note("cleo and cyrus enrol the mail server, by a key of its own")
        proxy = instance.drop.proxy
        assert proxy  # noqa: S101 - the demo wrote it
        return ProxyLogin(proxy[1], key[4:18], key, _ALIAS_DOMAIN)

    def _write_subscribers(self, segment: str, name: str) -> Path:
        folder = self.folder / "app"
        folder.mkdir(exist_ok=True)
        self.teller.run(
            *("tokens", "newsletter", "--segment", segment, "--as", "csv"),
            *("--token-domain", _ALIAS_DOMAIN, "-o", str(folder / name), "--as", "ben"),
        )
        return folder / name

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
        file = self._write_subscribers("all", "subscribers.csv")
        loot = steal_app_host(scene, file.parent)
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
