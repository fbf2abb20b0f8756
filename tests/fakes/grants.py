"""Requests that were granted, put into a keeper in memory by hand."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from listkeep.core.canonical import encode
from listkeep.core.grants import Action, Terms
from listkeep.wire import messages as m

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@dataclass
class FakeGrants:
    """The requests of a keeper for tests."""

    lists: dict[str, m.ListRecord] = field(default_factory=dict)
    requests: dict[str, m.RequestView] = field(default_factory=dict)

    def grant_export(
        self, list_id: str, *, selection: str, cap: int, by: str = ""
    ) -> str:
        """Put a granted export into place, as somebody asked for it."""
        return self._grant(Action.EXPORT, list_id, selection=selection, cap=cap, by=by)

    def grant_reveal(
        self, list_id: str, tokens: Sequence[str], *, by: str, recipient: str = ""
    ) -> str:
        """Put a granted reveal into place; without a recipient it is for a screen."""
        return self._grant(
            Action.REVEAL,
            list_id,
            selection=" ".join(tokens),
            cap=len(tokens),
            by=by,
            recipient=recipient,
        )

    def grant_import(self, list_id: str, *, content: bytes, rows: int) -> str:
        """Put a granted import of one file into place."""
        digest = hashlib.sha256(content).hexdigest()
        return self._grant(Action.IMPORT, list_id, selection=digest, cap=rows)

    def sign_send(self, list_id: str, **subject: str) -> str:
        """Put the signed request of a send into place; it has not begun."""
        text = encode(subject).decode()
        return self._grant(
            Action.SEND, list_id, selection="all", cap=10, subject=text, by=""
        )

    def _grant(
        self,
        action: Action,
        list_id: str,
        *,
        selection: str,
        cap: int,
        by: str = "",
        recipient: str = "recipient",
        subject: str = "",
    ) -> str:
        request = f"r{len(self.requests) + 1}"
        terms = Terms(
            keeper="fake",
            action=action,
            tenant=self.lists[list_id].tenant,
            list=list_id,
            selection=selection,
            cap=cap,
            purpose="a test",
            recipient=recipient,
            subject=subject or encode({}).decode(),
            not_before=NOON,
            expires=NOON + timedelta(days=1),
            nonce=request,
            facts="",
        )
        self.requests[request] = m.RequestView(
            id=request,
            terms=terms.format(),
            state="granted",
            missing=(),
            facts={"list": self.lists[list_id].name, "recipient": "warehouse"},
            signed_by=(f"{by} (request)",) if by else (),
        )
        return request
