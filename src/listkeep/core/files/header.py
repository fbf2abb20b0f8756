"""Read a header: which column is the address, which the status, what the rest is.

Field names are the header's, in lower case with ``[a-z0-9_]`` only and at most 40
characters (``Postal code`` becomes ``postal_code``). Names that mean something
else in Listkeep get ``_field`` behind them, later twins a number. A mapping goes
from our name to the file's: ``{"address": "E-mail", "plan": "Tarif"}``; columns
it does not mention keep their derived names, and ``{"status": ""}`` says that no
column is the status.

Messages give positions, never cells: a file without a header begins with a row.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from listkeep.core.addresses import parse_many
from listkeep.core.errors import Code, MalformedError

from .mailchimp import recognize_export

Kind = Literal["mailchimp", "csv", "jsonl"]

MAX_COLUMNS: Final = 200

_RESERVED: Final = frozenset(
    {"address", "status", "token"}
    # Words of the segment language: a facet of that name could not be written.
    | {"all", "and", "false", "in", "is", "missing", "not", "or", "true"}
)
_ADDRESS_KEYS: Final = (  # in order of preference
    "emailaddress",
    "email",
    "emailadresse",
    "mailadresse",
    "mail",
    "adresseemail",
    "adressemail",
    "adresseelectronique",
    "courriel",
    "correoelectronico",
    "direccionemail",
    "indirizzoemail",
    "enderecodeemail",
    "adresemail",
    "epost",
    "epostadress",
    "sahkoposti",
    "address",
)
_STATUS_KEYS: Final = ("status", "subscriptionstatus", "emailstatus")
_STATUS_WORDS: Final = {
    "subscribed": "subscribed",
    "active": "subscribed",
    "confirmed": "subscribed",
    "optedin": "subscribed",
    "unsubscribed": "unsubscribed",
    "optedout": "unsubscribed",
    "bounced": "bounced",
    "cleaned": "bounced",
    "complained": "complained",
    "complaint": "complained",
    "spam": "complained",
}
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MAPPING_HINT: Final = 'name the column: {"address": "<the header of that column>"}'


@dataclass(frozen=True, slots=True)
class Layout:
    """What each column of a file is."""

    kind: Kind
    columns: tuple[str, ...]  # as the file has them
    address: int
    status: int | None
    default_status: str
    positions: tuple[int, ...]  # of the fields
    field_names: tuple[str, ...]


def lay_out(
    columns: Sequence[str], *, mapping: Mapping[str, str], kind: Kind
) -> Layout:
    """Decide what each column is.

    Raises:
        MalformedError: This is no header, or it leaves open where the address is.
    """
    columns = clean_header(columns)
    keys = [column_key(column) for column in columns]
    mapped = {
        name: _mapped_column(column, name=name, columns=columns, keys=keys)
        for name, column in mapping.items()
        if column
    }
    if len(set(mapped.values())) < len(mapped):
        raise _header_error("the mapping uses one column twice")
    address = mapped.pop("address", None)
    if address is None:
        address = _recognize(_ADDRESS_KEYS, keys, taken=mapped.values())
    if address is None:
        raise _header_error("no column is known to hold the address", _MAPPING_HINT)
    status = mapped.pop("status", None)
    if status is None and "status" not in mapping:
        status = _recognize(_STATUS_KEYS, keys, taken=mapped.values())
    default_status = recognize_export(keys)
    if default_status and kind == "csv":
        kind = "mailchimp"
    positions = tuple(i for i in range(len(columns)) if i not in (address, status))
    return Layout(
        kind=kind,
        columns=columns,
        address=address,
        status=status,
        default_status=default_status or "subscribed",
        positions=positions,
        field_names=_name_fields(columns, positions, mapped),
    )


def clean_header(columns: Sequence[str]) -> tuple[str, ...]:
    """Give the columns' names as they are meant.

    Raises:
        MalformedError: This is no header.
    """
    cleaned = tuple(column.strip() for column in columns)
    _check_header(cleaned)
    return cleaned


def has_address_column(columns: Sequence[str], *, mapping: Mapping[str, str]) -> bool:
    """Say whether these columns would do, while the delimiter is still a guess."""
    wanted = mapping.get("address")
    known = [column_key(wanted)] if wanted else _ADDRESS_KEYS
    return not {column_key(column) for column in columns}.isdisjoint(known)


def read_status(text: str) -> str | None:
    """Give the status a cell means, or None: nothing is subscribed by guesswork."""
    return _STATUS_WORDS.get(text) or _STATUS_WORDS.get(column_key(text))


def column_key(column: str) -> str:
    """Reduce a name to what makes it recognizable: its letters and digits."""
    return _field_name(column).replace("_", "") or column.strip().casefold()


def _field_name(column: str) -> str:
    plain = unicodedata.normalize("NFKD", column.replace("ß", "ss"))
    ascii_only = plain.encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "_", ascii_only).strip("_")


def _check_header(columns: Sequence[str]) -> None:
    if len(columns) > MAX_COLUMNS:
        raise _header_error(f"the header has more than {MAX_COLUMNS} columns")
    if any(parse_many(columns)):
        raise _header_error(
            "the first line is a row, not a header",
            "put a line with the names of the columns on top of the file",
        )
    seen: dict[str, int] = {}
    for position, column in enumerate(columns, 1):
        first = seen.setdefault(column.casefold(), position)
        if column and first != position:
            raise _header_error(
                f"columns {first} and {position} have the same name",
                "rename or remove one of them",
            )


def _mapped_column(
    column: str, *, name: str, columns: Sequence[str], keys: Sequence[str]
) -> int:
    if not _FIELD_NAME.fullmatch(name) or name in _RESERVED - {"address", "status"}:
        raise _header_error(
            "the mapping has a field name that cannot be one",
            "field names are lower case: a letter, then letters, digits and _",
        )
    if column.strip() in columns:
        return columns.index(column.strip())
    key = column_key(column)
    if key not in keys:
        raise _header_error(f"the file has no such column for the field {name}")
    return keys.index(key)


def _recognize(
    known: Sequence[str], keys: Sequence[str], *, taken: Collection[int]
) -> int | None:
    free = [None if place in taken else key for place, key in enumerate(keys)]
    for key in known:
        if free.count(key) > 1:
            raise _header_error(
                "several columns could be the address or the status", _MAPPING_HINT
            )
        if key in free:
            return free.index(key)
    return None


def _name_fields(
    columns: Sequence[str], positions: Sequence[int], mapped: Mapping[str, int]
) -> tuple[str, ...]:
    given = {position: name for name, position in mapped.items()}
    names = set(mapped)
    for position in positions:
        if position in given:
            continue
        stem = _field_name(columns[position]) or f"column_{position + 1}"
        if stem[0].isdigit() or stem in _RESERVED:
            stem = f"field_{stem}" if stem[0].isdigit() else f"{stem}_field"
        given[position] = _unused(stem[:40].rstrip("_"), names)
        names.add(given[position])
    return tuple(given[position] for position in positions)


def _unused(stem: str, names: Collection[str]) -> str:
    name, number = stem, 2
    while name in names:
        name, number = f"{stem[:36]}_{number}", number + 1
    return name


def _header_error(message: str, hint: str = "") -> MalformedError:
    return MalformedError(
        message, code=Code.FILE_HEADER, hint=hint or "look at the file's first line"
    )
