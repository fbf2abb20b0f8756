"""What somebody outside is told, in words: one subject, one plain text, one JSON.

Everything in it comes from the keeper at the moment of sending: names, counts and
ids. There is no address in it and nothing that somebody could write freely.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from listkeep.wire.messages import notices as n

from .sentences import advice, sentence

_NOT_IN_JSON: Final = frozenset({"contacts"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One message to one contact, ready to be sent."""

    id: str
    subject: str
    text: str
    json: bytes


def write_letter(delivery_id: str, opened: n.OpenedContact, *, inbox: str) -> Letter:
    """Write what the keeper says into a message."""
    if opened.notice is not None:
        subject, lines, data = _notice(opened.notice, inbox)
        kind, at = "notice", opened.notice.at
    else:
        digest = opened.digest
        assert digest is not None  # noqa: S101 - one of the two is there
        subject, lines, data = _digest(digest, inbox)
        kind, at = "digest", f"{digest.day}T23:59:59Z"
    lines += ["", "--", f"Message {delivery_id}. If it comes twice, it is the same."]
    lines.append("Listkeep never asks by mail for a signature, a code or a password.")
    body = {"type": f"listkeep.{kind}", "timestamp": at, "data": data}
    return Letter(
        id=delivery_id,
        subject=_plain(subject),
        text="".join(f"{_plain(line)}\n" for line in lines),
        json=json.dumps(body, separators=(",", ":")).encode(),
    )


def _notice(notice: n.Notice, inbox: str) -> tuple[str, list[str], dict[str, Any]]:
    what = sentence(notice)
    where = notice.tenant_name or "the operator"
    mark = {"alarm": "ALARM ", "warning": ""}.get(notice.severity, "")
    facts = {
        "Tenant": where,
        "Who": notice.person_name,
        "List": notice.list_name,
        "Rows": _rows(notice),
        "When": notice.at.replace("T", " ").replace("Z", " UTC"),
        "Request": f"{notice.request} ({notice.state})" if notice.request else "",
        "Missing": "; ".join(notice.missing),
        "Code": notice.code,
        "Entry": str(notice.index),
    }
    lines = [f"{what}.", "", *_columns(facts)]
    if notice.first_touch:
        lines += ["", f"Unusual: {notice.person_name} never touched this list before."]
    lines += ["", *advice(notice, inbox)]
    data = {
        name: value
        for name, value in msgspec.to_builtins(notice).items()
        if name not in _NOT_IN_JSON
    }
    return f"[Listkeep] {mark}{where}: {what}", lines, {**data, "sentence": what}


def _digest(digest: n.Digest, inbox: str) -> tuple[str, list[str], dict[str, Any]]:
    where = digest.tenant_name or "everybody"
    facts = {
        "Requests": f"{digest.requests:,}",
        "Releases": f"{digest.releases:,}",
        "Rows": f"{digest.rows:,}",
        "Refusals": f"{digest.refusals:,}",
        "Changes": f"{digest.changes:,} of people, keys and rules",
    }
    quiet = not any((digest.requests, digest.releases, digest.refusals, digest.changes))
    lines = [
        f"{digest.day} (UTC) at {where}" + (": nothing happened." if quiet else ":"),
        "",
        *_columns(facts),
        "",
        f"The ledger of {digest.keeper} has {digest.size:,} entries now; its root is",
        digest.root,
        "",
        "Keep this message. A ledger that is ever shown to you shorter, or that does",
        "not contain this one, was put back or rewritten. The keeper signed it:",
        "",
        *digest.checkpoint.splitlines(),
    ]
    if inbox:
        lines += ["", f"Inbox: {inbox}"]
    subject = f"[Listkeep] {where}: {digest.day}, {digest.rows:,} rows released"
    return subject, lines, msgspec.to_builtins(digest)


def _rows(notice: n.Notice) -> str:
    """Say how many rows: what a request allows, or what an incident found."""
    if not notice.rows:
        return ""
    how = "" if notice.event.startswith("incident.") else "at most "
    return f"{how}{notice.rows:,}"


def _columns(facts: dict[str, str]) -> list[str]:
    return [f"{name:<10}{value}" for name, value in facts.items() if value]


def _plain(text: str) -> str:
    """Keep what can be shown: nothing steers a terminal or begins a header."""
    return "".join(c if c.isprintable() else " " for c in text)
