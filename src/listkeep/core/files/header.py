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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from listkeep.core.addresses import parse_many
from listkeep.core.errors import Code, MalformedError

from .exports import Export, recognize, require_statuses
from .mailchimp import recognize_export
from .names import column_key, field_stem
from .statuses import Reader, read_status

Kind = Literal["mailchimp", "klaviyo", "listmonk", "mautic", "csv", "jsonl"]

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
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MAPPING_HINT: Final = 'name the column: {"address": "<the header of that column>"}'


@dataclass(frozen=True, slots=True)
class Layout:
    """What each column of a file is."""

    kind: Kind
    columns: tuple[str, ...]  # as the file has them
    address: int
    statuses: tuple[tuple[int, Reader], ...]  # columns that say it, and how
    default_status: str
    positions: tuple[int, ...]  # of the fields
    field_names: tuple[str, ...]
    has_lists: bool = False  # cells may be lists of values

    @property
    def status(self) -> int | None:
        """The first column that holds the status, if any does."""
        return self.statuses[0][0] if self.statuses else None


def find_nested(columns: Sequence[str]) -> int | None:
    """Find a column of JSON objects, in exports that are known to have one.

    Raises:
        MalformedError: This is no header.
    """
    columns = clean_header(columns)
    export = recognize([column_key(column) for column in columns])
    return export.nested if export else None


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
    default_status, export = recognize_export(keys), recognize(keys)
    if status is not None:
        found: tuple[tuple[int, Reader], ...] = ((status, read_status),)
    elif "status" in mapping:
        found = ()
    else:
        found = _find_statuses(export, keys, taken=mapped.values())
    if kind == "csv":
        kind = _kind_of(export, is_mailchimp=bool(default_status))
    spoken_for = {address, *(place for place, _ in found)} - set(mapped.values())
    positions = tuple(i for i in range(len(columns)) if i not in spoken_for)
    return Layout(
        kind=kind,
        columns=columns,
        address=address,
        statuses=found,
        default_status=default_status or "subscribed",
        positions=positions,
        field_names=_name_fields(columns, positions, mapped),
        has_lists=export is not None and export.has_lists,
    )


def _find_statuses(
    export: Export | None, keys: Sequence[str], *, taken: Collection[int]
) -> tuple[tuple[int, Reader], ...]:
    if export:
        require_statuses(export)
        return export.statuses
    place = _recognize(_STATUS_KEYS, keys, taken=taken)
    return () if place is None else ((place, read_status),)


def _kind_of(export: Export | None, *, is_mailchimp: bool) -> Kind:
    if export:
        return export.kind
    return "mailchimp" if is_mailchimp else "csv"


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
        stem = field_stem(columns[position]) or f"column_{position + 1}"
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
