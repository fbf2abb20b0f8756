"""The API through which rows come in: lists, imports, files.

Showing lists is here because an address has its methods in one room.
"""

from typing import Annotated

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status
from pydantic import Field

from listkeep.core.errors import MalformedError
from listkeep.core.files import Format
from listkeep.dock.lists.access import Bearer, CallerRequest, Visit, enter, enter_list
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.shapes import Id, ListView, Name, Shape
from listkeep.wire import messages as m

from . import queries, services
from .models import Import
from .receiving import Upload

router = Router(auth=Bearer(), tags=["intake"])

FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ColumnName = Annotated[str, Field(max_length=200)]


class NewList(Shape):
    """A list to open: facets stay readable, all other fields are sealed."""

    name: Name
    facets: Annotated[list[str], Field(max_length=32)] = Field(default=[])
    fields: Annotated[list[FieldName], Field(max_length=services.MAX_FIELDS)] = Field(
        default=[]
    )


class ListPage(Shape):
    """The lists a caller may view."""

    lists: list[ListView]


class NewImport(Shape):
    """A file to import: its format, and which column is which field."""

    format: Format = "auto"
    mapping: Annotated[dict[FieldName, ColumnName], Field(max_length=200)] = Field(
        default={}
    )
    request: Id | None = None


class ImportView(Shape):
    """How far an import has come. Services are not told what was new."""

    id: str
    list: str
    state: str
    rows: int
    rejected: int
    bytes: int
    size: int
    added: int | None
    updated: int | None
    rounded: bool
    sha256: str
    family: str
    code: str
    message: str
    hint: str
    max_rows: int


class RejectView(Shape):
    """A line that was turned away, and why."""

    line: int
    reason: str
    detail: str


class RejectPage(Shape):
    """Some of the lines that were turned away, and where to go on."""

    rejects: list[RejectView]
    total: int
    cursor: str | None


@router.get("/lists", response=ListPage)
def show_lists(request: CallerRequest) -> ListPage:
    """Show the lists you may see."""
    keeper = get_keeper()
    enter(keeper, request.auth, right="view")
    records = keeper.show_lists(m.ShowLists(caller=request.auth)).lists
    return ListPage(lists=list(map(ListView.of, records)))


@router.post("/lists", response={201: ListView})
def open_list(request: CallerRequest, body: NewList) -> Status[ListView]:
    """Open a list."""
    keeper = get_keeper()
    enter(keeper, request.auth, right="touch")
    record = services.open_list(
        request.auth,
        name=body.name,
        facets=body.facets,
        fields=body.fields,
        keeper=keeper,
    )
    return Status(201, ListView.of(record))


@router.post("/lists/{list_name}/imports", response={201: ImportView})
def begin_import(
    request: CallerRequest, list_name: str, body: NewImport
) -> Status[ImportView]:
    """Begin an import; then PUT the file."""
    keeper = get_keeper()
    visit = enter_list(keeper, request.auth, list_name=list_name, right="touch")
    source = services.begin_import(
        visit,
        file_format=body.format,
        mapping=body.mapping,
        request=body.request,
        keeper=keeper,
        clock=timezone.now,
    )
    return Status(201, _show(source, visit))


@router.put(
    "/imports/{import_id}/file",
    response=ImportView,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {
                    "schema": {"type": "string", "format": "binary"}
                }
            },
        }
    },
)
def receive_file(request: CallerRequest, import_id: str) -> ImportView:
    """Send the file as the raw body, with its Content-Length, of any size.

    The answer comes when all of it is in the list, or nothing.
    """
    source, visit = _visit(request, import_id)
    source = services.receive_file(
        source,
        visit=visit,
        upload=Upload(request.read, size_bytes=_content_length(request)),
        keeper=get_keeper(),
        clock=timezone.now,
    )
    return _show(source, visit)


@router.get("/imports/{import_id}", response=ImportView)
def show_import(request: CallerRequest, import_id: str) -> ImportView:
    """Tell how far an import has come."""
    return _show(*_visit(request, import_id))


@router.get("/imports/{import_id}/rejects", response=RejectPage)
def list_rejects(
    request: CallerRequest,
    import_id: str,
    cursor: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> RejectPage:
    """List the lines that were turned away; the first 10,000 are kept."""
    source, _ = _visit(request, import_id)
    lines = queries.read_rejects(source, after=cursor, limit=limit)
    return RejectPage(
        rejects=[
            RejectView(line=line.line, reason=line.reason, detail=line.detail)
            for line in lines
        ],
        total=source.rejected,
        cursor=str(lines[-1].id) if len(lines) == limit else None,
    )


def _visit(request: CallerRequest, import_id: str) -> tuple[Import, Visit]:
    source = queries.get_import(import_id)
    visit = enter_list(
        get_keeper(),
        request.auth,
        list_name=source.list_id,
        right="touch",
        what="import",
    )
    return source, visit


def _content_length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit() and len(length) <= 15):
        raise MalformedError(
            "the upload does not say how long it is",
            hint="send a Content-Length: a broken upload could not be told from "
            "a short file",
        )
    return int(length)


def _show(source: Import, visit: Visit) -> ImportView:
    counts = queries.count_changes(source, is_person=visit.is_person)
    return ImportView(
        id=source.id,
        list=source.list_id,
        state=source.state,
        rows=source.rows,
        rejected=source.rejected,
        bytes=source.received_bytes,
        size=source.size_bytes,
        **counts._asdict(),
        sha256=source.sha256,
        family=source.family,
        code=source.code,
        message=source.message,
        hint=source.hint,
        max_rows=source.max_rows,
    )
