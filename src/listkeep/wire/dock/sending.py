"""Sends that the dock carries out by itself."""

from listkeep.wire.answers import DockSend, DockTemplate

from .calls import Calls, part, read, translated


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
