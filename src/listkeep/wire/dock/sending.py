"""Sends: those of an application, and those the dock carries out by itself."""

import msgspec

from .calls import Calls, part, read, translated


class DockTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A template that is kept for a send."""

    digest: str
    subject: str


class DockSend(msgspec.Struct, frozen=True, kw_only=True):
    """How far a send is that the dock carries out by itself."""

    request: str
    list: str
    state: str
    code: str
    selected: int
    delivered: int
    deferred: int
    failed: int


class DockBegunSend(msgspec.Struct, frozen=True, kw_only=True):
    """A send whose messages an application hands over."""

    request: str
    list: str
    kind: str
    state: str
    cap: int
    token_domain: str
    expires: str


class SendCalls(Calls):
    """What a person asks about the sends they may see."""

    def put_template(self, request: str, eml: bytes) -> DockTemplate:
        """Hand over the template that a request was signed for."""
        with translated():
            response = self.http.put(
                f"sends/{part(request)}/template",
                content=eml,
                headers={"content-type": "message/rfc822"},
            )
        return read(response, DockTemplate)

    def begin_send(self, request: str) -> DockBegunSend:
        """Have the delivery proxy take an application's messages of a send."""
        return self.send("POST", f"sends/{part(request)}/begin", {}, DockBegunSend)

    def start_send(self, request: str) -> DockSend:
        """Begin to send; again, it changes nothing."""
        return self._act(request, "start")

    def show_send(self, request: str) -> DockSend:
        """Ask how far a send is."""
        return self.get(f"sends/{part(request)}", DockSend)

    def pause_send(self, request: str) -> DockSend:
        """Hold a send."""
        return self._act(request, "pause")

    def resume_send(self, request: str) -> DockSend:
        """Let a send go on."""
        return self._act(request, "resume")

    def _act(self, request: str, verb: str) -> DockSend:
        return self.send("POST", f"sends/{part(request)}/{verb}", {}, DockSend)
