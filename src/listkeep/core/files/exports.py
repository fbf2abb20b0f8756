"""Recognize exports of Klaviyo, listmonk and Mautic by the columns only they write.

| export | told by | who is subscribed |
|---|---|---|
| Klaviyo | `Klaviyo ID`, `Email Marketing Consent`, … | consent, and no suppression |
| listmonk | `uuid`, `attributes`, `created_at`, `updated_at` | `status` is `enabled` |
| Mautic | `preferred_locale`, `attribution_date`, … | nothing in `Do Not Contact` |

An export that leaves out its column of consent says nothing about who unsubscribed. It
is refused, since suppressed people have to arrive suppressed.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from listkeep.core.errors import Code, MalformedError

from . import statuses

ExportKind = Literal["klaviyo", "listmonk", "mautic"]

ADDRESS_KEY: Final = "email"

_KLAVIYO: Final = frozenset(
    {"klaviyoid", "emailmarketingconsent", "emailmarketingconsenttimestamp"}
    | {"emailsuppressions", "emailsuppressionstimestamp", "smsmarketingconsent"}
    | {"profilecreatedon", "firstactive", "lastactive", "dateadded"}
)
_KLAVIYO_STATUS: Final[tuple[tuple[str, statuses.Reader], ...]] = (
    ("emailmarketingconsent", statuses.read_klaviyo_consent),
    ("consent", statuses.read_klaviyo_channels),
)
_KLAVIYO_SUPPRESSIONS: Final = (
    "emailsuppressions",
    "emailmarketinglistsuppressions",
    "emailsuppressionreasons",
)
_LISTMONK: Final = frozenset({"uuid", "attributes", "createdat", "updatedat", "status"})
_MAUTIC: Final = frozenset(
    {"preferredlocale", "attribution", "attributiondate", "dateidentified"}
    | {"lastactive", "datelastactive"}
)
_MAUTIC_STATUS: Final = (
    *("donotcontact", "donotemail", "dnc", "dncreason", "dncreasons", "dncstatus"),
    *("donotcontactemail", "dncemail", "donotcontactreason"),
)


class Export(NamedTuple):
    """Whose file it is, and which columns say who may be written to."""

    kind: ExportKind
    statuses: tuple[tuple[int, statuses.Reader], ...]
    nested: int | None = None  # a column of JSON objects
    has_lists: bool = False  # cells may be lists


def recognize(keys: Sequence[str]) -> Export | None:
    """Tell whose export a header is; ``keys`` are its names' letters and digits."""
    if ADDRESS_KEY not in keys:
        return None
    known = frozenset(keys)
    if known >= _LISTMONK:
        reader = (keys.index("status"), statuses.read_listmonk)
        return Export("listmonk", (reader,), nested=keys.index("attributes"))
    if len(known & _KLAVIYO) >= 2 and known & {"klaviyoid", "emailmarketingconsent"}:
        return Export("klaviyo", _klaviyo(keys), has_lists=True)
    if len(known & _MAUTIC) >= 2 and known & {"preferredlocale", "attributiondate"}:
        found = [keys.index(key) for key in _MAUTIC_STATUS if key in keys]
        readers = tuple((at, statuses.read_do_not_contact) for at in found)
        return Export("mautic", readers)
    return None


def require_statuses(export: Export) -> None:
    """Refuse an export that does not say who unsubscribed.

    Raises:
        MalformedError: It does not.
    """
    if not export.statuses:
        raise MalformedError(
            f"this {export.kind} export leaves out who may be written to",
            code=Code.FILE_HEADER,
            hint=_ASK[export.kind],
        )


_ASK: Final = {
    "klaviyo": "export it with Email Marketing Consent and Email Suppressions; "
    'or map the status: {"status": ""} says that all are subscribed',
    "mautic": "export it with Do Not Contact; "
    'or map the status: {"status": ""} says that all are subscribed',
}


def _klaviyo(keys: Sequence[str]) -> tuple[tuple[int, statuses.Reader], ...]:
    consent = next(
        ((keys.index(key), reader) for key, reader in _KLAVIYO_STATUS if key in keys),
        None,
    )
    if consent is None:
        return ()
    rest = [keys.index(key) for key in _KLAVIYO_SUPPRESSIONS if key in keys]
    return (consent, *((at, statuses.read_suppressions) for at in rest))
