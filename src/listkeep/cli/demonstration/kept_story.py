"""What happened in a kept demo before somebody opened it: all of it took place.

Each act goes through the front doors, is signed by whoever it says, and stands in the
ledger with the time at which it was done.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from listkeep.cli.home import Instance
from listkeep.cli.output import note
from listkeep.core.canonical import encode
from listkeep.core.errors import UnavailableError
from listkeep.core.mail import declare, parse_template
from listkeep.core.registry.send_subjects import write_send_subject
from listkeep.drill.stage import Stage
from listkeep.wire.dock import DockClient
from listkeep.wire.messages import RequestView

from .kept_files import FACETS, customers, letter, members, newsletter
from .kept_people import OWNERS, RECIPIENT, ROUTE

_WAIT_SECONDS = 45
_SLOW_PACE = 600  # messages an hour: one that still goes on when somebody looks
_FREEZE = "campaigns export+reveal"


@dataclass
class KeptStory:
    """The acts, in their order."""

    instance: Instance
    stage: Stage

    def tell(self) -> None:
        """Let it all happen."""
        note("lists come in: addresses are sealed as they arrive")
        self._fill("newsletter", newsletter(), by=("ada", "ben", "ivan"))
        self._fill("customers", customers(), by=("amir",))
        self._fill("members", members(), by=("olga",))
        note("people work: a complaint, copies, a campaign")
        self._answer_complaint()
        self._ask_for_copies()
        self._send_spring()
        note("a campaign goes wrong, and is stopped")
        self._send_too_much()
        self._send_slowly()

    def _fill(self, name: str, files: list[bytes], *, by: tuple[str, ...]) -> None:
        with self._dock(by[0]) as dock:
            dock.create_list(name, facets=FACETS)
        for place, data in enumerate(files):
            with self._dock(by[place % len(by)]) as dock:
                source = dock.begin_import(name)
                dock.send_file(source.id, BytesIO(data), size_bytes=len(data))

    def _answer_complaint(self) -> None:
        """Sam finds the entry of who called, and sees no other."""
        address = newsletter()[0].splitlines()[3].partition(b",")[0].decode().strip()
        with self._dock("sam") as dock:
            dock.look_up("newsletter", address)

    def _ask_for_copies(self) -> None:
        segment = 'country = "DE" and status = subscribed'
        done = self._ask_copy("ben", 400, segment, "postcards for the spring fair")
        self.stage.sign("ada", done, "approve")
        with self._dock("ben") as dock:
            dock.run_export(done.id)
        granted = self._ask_copy("nina", 120, 'plan = "team"', "invitations on paper")
        self.stage.sign("amir", granted, "approve")
        denied = self._ask_copy("ivan", 990, "all", "to have a look")
        self.stage.sign("amir", denied, "deny")
        self._ask_copy("ivan", 950, 'plan = "pro"', "a letter on paper")
        self._ask_copy("ben", 250, 'country = "FR"', "samples by post")

    def _ask_copy(self, name: str, cap: int, segment: str, why: str) -> RequestView:
        return self.stage.ask(
            name,
            "export",
            list="newsletter",
            selection=segment,
            cap=cap,
            recipient=RECIPIENT,
            purpose=why,
        )

    def _send_spring(self) -> None:
        segment = 'country = "FR" and plan = "pro" and status = subscribed'
        text = letter("Spring offers", "spring")
        request = self._send("ben", "newsletter", segment, text, why="spring offers")
        self._wait_for(lambda: self._is_sent("ben", request))

    def _send_too_much(self) -> None:
        """So many complain that the keeper holds the rest and opens an incident."""
        segment = 'plan = "team" and status = subscribed'
        text = letter("Buy now", "now")
        request = self._send("ivan", "customers", segment, text, why="one more offer")
        self._wait_for(lambda: self._is_sent("ivan", request))
        with self._dock("ada") as dock:
            self._wait_for(dock.show_incidents)
            incident = dock.show_incidents()[0].id
            self.stage.ask("ada", "freeze", subject=_classes(), purpose="many complain")
            dock.note_incident(incident, "ivan wrote to customers twice in a week")
            dock.note_incident(incident, "agreed with him: customers get one a month")
            dock.close_incident(incident, reason="the complaints are right; they count")
        self.stage.agree(
            *OWNERS, "unfreeze", subject=_classes(), purpose="we know what it was"
        )

    def _send_slowly(self) -> None:
        segment = 'plan = "team" and status = subscribed'
        text = letter("Your letter", "letter")
        self._send(
            *("ben", "newsletter", segment, text),
            why="the weekly letter",
            pace=_SLOW_PACE,
        )

    def _send(  # noqa: PLR0913 - what a send is made of
        self,
        name: str,
        list_name: str,
        segment: str,
        text: bytes,
        *,
        why: str,
        pace: int = 0,
    ) -> str:
        """Ask, have it approved, and begin; gives the request."""
        template = parse_template(text)
        said = {template.digest: declare(template)}
        subject = write_send_subject(said, pace=pace)
        with self._dock(name) as dock:
            view = self.stage.ask(
                name,
                "send",
                list=list_name,
                selection=segment,
                cap=dock.count(list_name, segment).count,
                recipient=ROUTE,
                subject=encode(subject).decode(),
                purpose=why,
            )
            if view.state == "waiting":
                self.stage.sign("ada", view, "approve")
            dock.put_template(view.id, text)
            dock.start_send(view.id)
        return view.id

    def _is_sent(self, name: str, request: str) -> bool:
        with self._dock(name) as dock:
            return dock.show_send(request).state in ("done", "stopped")

    def _dock(self, name: str) -> DockClient:
        return self.instance.dock(self.stage.carried[name])

    def _wait_for(self, what: Callable[[], Any]) -> None:
        """Wait until something is there.

        Raises:
            UnavailableError: It does not come.
        """
        ends_at = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < ends_at:
            if what():
                return
            time.sleep(0.3)
        raise UnavailableError("the story of the demo does not go on", hint="see log/")


def _classes() -> str:
    return encode({"classes": _FREEZE}).decode()
