"""The API through which answers go out: lists, counts, tokens, status, exports."""

from base64 import b64encode
from typing import Annotated

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from ninja import Query, Router, Status

from listkeep.core.errors import RefusedError
from listkeep.core.grants import Action
from listkeep.core.sealing import format_token, parse_token
from listkeep.core.segments import Schema, Segment, parse_segment
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists import summaries
from listkeep.dock.lists.access import (
    Bearer,
    CallerRequest,
    Visit,
    enter_list,
    require_also,
)
from listkeep.dock.lists.growth import read_growth
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.models import Entry
from listkeep.dock.lists.statuses import STATUSES
from listkeep.dock.lists.tokens import format_tokens, split_tokens
from listkeep.wire import messages as m

from . import erasures, exports, queries, rows, services, shapes
from .models import ExportRun
from .requests import get_terms

router = Router(auth=Bearer(), tags=["outlet"])

SAMPLE_ROWS = 20
SegmentText = Annotated[str, Query(max_length=2000)]
Days = Annotated[int, Query(ge=0, le=400)]
MaxAge = Annotated[
    int,
    Query(
        ge=0,
        le=3600,
        description="How many seconds of single changes, such as people who "
        "unsubscribe, a count may miss; with more than 0 it is answered from memory.",
    ),
]


@router.get("/lists/{list_name}", response=shapes.ListDetail)
def show_list(
    request: CallerRequest, list_name: str, max_age: MaxAge = 0, days: Days = 0
) -> shapes.ListDetail:
    """Show a list, its schema, its entries by status, and to persons how it grew."""
    visit = _visit(request, list_name, right="view")
    list_id = visit.record.id
    statuses = summaries.count_statuses(list_id, visit.schema, max_age=max_age)
    now = int(timezone.now().timestamp())
    known = read_growth(list_id, now=now, days=days) if days and visit.is_person else ()
    return shapes.ListDetail.of(
        visit.record,
        entries=sum(statuses.values()),
        statuses=statuses,
        growth=[shapes.DayView.of(day) for day in known],
    )


@router.get("/lists/{list_name}/count", response=shapes.Count)
def count(
    request: CallerRequest,
    list_name: str,
    segment: SegmentText = "all",
    max_age: MaxAge = 0,
) -> shapes.Count:
    """Count the entries a segment selects."""
    visit = _visit(request, list_name, right="view")
    chosen = parse_segment(segment, visit.schema)
    found = summaries.count_segment(visit.record.id, chosen, max_age=max_age)
    return shapes.Count(count=found, segment=chosen.format())


@router.get("/lists/{list_name}/facets", response=shapes.Histograms)
def count_facets(
    request: CallerRequest,
    list_name: str,
    segment: SegmentText = "all",
    max_age: MaxAge = 0,
) -> shapes.Histograms:
    """Count the values of each facet in a segment; rare values are put together."""
    visit = _visit(request, list_name, right="view")
    chosen = parse_segment(segment, visit.schema)
    histograms = summaries.count_facets(visit.record.id, chosen, max_age=max_age)
    views = [
        shapes.HistogramView(
            facet=histogram.facet,
            values=[shapes.BarView(**bar._asdict()) for bar in histogram.bars],
            other=histogram.other,
        )
        for histogram in histograms
    ]
    return shapes.Histograms(facets=views, segment=chosen.format())


@router.get(
    "/lists/{list_name}/tokens",
    response=shapes.TokenPage,
    description="Read the entries a segment selects: a page as JSON, or with "
    "`stream` all of them as JSON Lines or CSV (a facet that a spreadsheet would run "
    "as a formula gets an apostrophe there). A stream that fails may look whole: with "
    '`mark_end` a last line, `{"end":true,"entries":N}` or `end,N`, says that it is.',
)
def read_tokens(
    request: CallerRequest, list_name: str, query: Query[shapes.TokenQuery]
) -> shapes.TokenPage | HttpResponseBase:
    """Read the entries a segment selects, a page or all of them.

    It takes two rights: who may only look, as the console, sees no tokens; and who may
    only bring rows in would learn by them which were new.
    """
    visit = _visit(request, list_name, right="touch")
    require_also(visit, "view")
    chosen = parse_segment(query.segment, visit.schema)
    if query.stream:
        return _stream(visit, chosen, query)
    after = parse_token(query.cursor) if query.cursor else b""
    page = entries.read_tokens(visit.record.id, chosen, after=after, limit=query.limit)
    texts = format_tokens([row[0] for row in page])
    decode = visit.schema.decoder()
    return shapes.TokenPage(
        entries=[
            shapes.EntryView(
                token=text,
                status=STATUSES[status],
                facets=dict(zip(visit.schema.names, decode(facets), strict=True)),
            )
            for text, (_, status, facets) in zip(texts, page, strict=True)
        ],
        cursor=texts[-1] if len(page) == query.limit else None,
    )


@router.get("/lists/{list_name}/sample", response=shapes.Sample)
def read_sample(
    request: CallerRequest, list_name: str, segment: SegmentText = "all"
) -> shapes.Sample:
    """Read a few entries of a segment as examples, without their tokens.

    It is always the same few: whoever asks again learns nothing more. In a large list
    they are looked for among the first 20,000.
    """
    visit = _visit(request, list_name, right="view")
    chosen = parse_segment(segment, visit.schema)
    rows = entries.read_sample(visit.record.id, chosen, limit=SAMPLE_ROWS)
    decode = visit.schema.decoder()
    return shapes.Sample(
        entries=[
            shapes.SampleEntry(
                status=STATUSES[status],
                facets=dict(zip(visit.schema.names, decode(facets), strict=True)),
            )
            for _, status, facets in rows
        ],
        segment=chosen.format(),
    )


@router.post("/lists/{list_name}/look-up", response=shapes.FoundEntry)
def look_up(
    request: CallerRequest, list_name: str, body: shapes.LookUp
) -> shapes.FoundEntry:
    """Find the entry of one exact address; this is counted and recorded."""
    record, token, entry = services.look_up(
        request.auth, list_name=list_name, address=body.address, keeper=get_keeper()
    )
    view = _entry(entry, Schema.parse(record.facets)) if entry else None
    return shapes.FoundEntry(
        token=format_token(token),
        found=view is not None,
        status=view.status if view else None,
        facets=view.facets if view else None,
    )


@router.get("/lists/{list_name}/entries/{token}", response=shapes.EntryView)
def show_entry(request: CallerRequest, list_name: str, token: str) -> shapes.EntryView:
    """Show one entry by its token."""
    visit = _visit(request, list_name, right="view")
    entry = entries.get_entry(visit.record.id, parse_token(token))
    return _entry(entry, visit.schema)


@router.patch("/lists/{list_name}/entries/{token}", response=shapes.EntryView)
def set_status(
    request: CallerRequest, list_name: str, token: str, body: shapes.NewStatus
) -> shapes.EntryView:
    """Give one entry a worse status: unsubscribed, bounced or complained."""
    visit = _visit(request, list_name, right="touch")
    entry = services.set_status(
        visit,
        token=parse_token(token),
        status=body.status,
        keeper=get_keeper(),
        now=timezone.now(),
    )
    return _entry(entry, visit.schema)


@router.post("/lists/{list_name}/suppress", response=shapes.SuppressionView)
def suppress(
    request: CallerRequest, list_name: str, body: shapes.Suppression
) -> shapes.SuppressionView:
    """Make many entries unsendable and unexportable, for good."""
    visit = _visit(request, list_name, right="touch")
    suppressed, changed = services.suppress(
        visit,
        tokens=list(map(parse_token, body.tokens)),
        reason=body.reason,
        request=body.request,
        keeper=get_keeper(),
        now=timezone.now(),
    )
    return shapes.SuppressionView(suppressed=suppressed, changed=changed)


@router.post("/lists/{list_name}/sealed", response=shapes.SealedRowsView)
def read_sealed(
    request: CallerRequest, list_name: str, body: shapes.Selection
) -> shapes.SealedRowsView:
    """Fetch the sealed rows of a reveal, to be handed to the keeper."""
    visit = _visit(request, list_name, right="reveal")
    if not visit.is_person:
        raise RefusedError("services cannot reveal", hint="a person has to do it")
    found = entries.find_sealed(visit.record.id, list(map(parse_token, body.tokens)))
    return shapes.SealedRowsView(rows=_sealed(found))


@router.post("/exports", response={201: shapes.ExportView})
def run_export(
    request: CallerRequest, body: shapes.NewExport
) -> Status[shapes.ExportView]:
    """Run a granted export to its end."""
    keeper = get_keeper()
    terms = get_terms(
        request.auth, request=body.request, action=Action.EXPORT, keeper=keeper
    )
    visit = enter_list(
        keeper, request.auth, list_name=terms.list, right="export", what="request"
    )
    run = exports.run_export(
        visit,
        request=body.request,
        terms=terms,
        file_format=body.format,
        keeper=keeper,
        now=timezone.now(),
    )
    return Status(201, _export(run))


@router.post("/erasures", response=shapes.ErasureView)
def erase(request: CallerRequest, body: shapes.NewErasure) -> shapes.ErasureView:
    """Erase whom a granted request names from every list of the tenant, for good."""
    done = erasures.erase(
        request.auth,
        request=body.request,
        token=parse_token(body.token),
        keeper=get_keeper(),
        now=timezone.now(),
    )
    return shapes.ErasureView(**done._asdict())


@router.get("/exports/{export_id}", response=shapes.ExportView)
def show_export(request: CallerRequest, export_id: str) -> shapes.ExportView:
    """Tell how far an export has come."""
    return _export(_visit_export(request, export_id))


@router.get(
    "/exports/{export_id}/file",
    openapi_extra={"responses": {200: {"content": {"application/octet-stream": {}}}}},
)
def fetch_export(request: CallerRequest, export_id: str) -> HttpResponseBase:
    """Fetch the age file, which only its recipient can open."""
    run = _visit_export(request, export_id)
    queries.verify_finished(run)
    return FileResponse(
        exports.open_export(run),
        as_attachment=True,
        filename=f"{run.id}.age",
        content_type="application/octet-stream",
    )


def _visit(request: CallerRequest, list_name: str, *, right: str) -> Visit:
    return enter_list(get_keeper(), request.auth, list_name=list_name, right=right)


def _visit_export(request: CallerRequest, export_id: str) -> ExportRun:
    run = queries.get_export(export_id)
    enter_list(
        get_keeper(),
        request.auth,
        list_name=run.list_id,
        right="export",
        what="export",
    )
    return run


def _stream(
    visit: Visit, segment: Segment, query: shapes.TokenQuery
) -> HttpResponseBase:
    kind = query.stream or "jsonl"
    write = rows.write_jsonl if kind == "jsonl" else rows.write_csv
    pages = entries.stream_tokens(visit.record.id, segment)
    return StreamingHttpResponse(
        rows.guarded(write(pages, visit.schema, mark_end=query.mark_end)),
        content_type=rows.MEDIA_TYPES[kind],
    )


def _entry(entry: Entry, schema: Schema) -> shapes.EntryView:
    facets = schema.decode_facets(entry.facets)
    return shapes.EntryView(
        token=format_token(bytes(entry.token)),
        status=STATUSES[entry.status],
        facets=dict(zip(schema.names, facets, strict=True)),
    )


def _sealed(batch: m.RowBatch) -> list[shapes.SealedRowView]:
    return [
        shapes.SealedRowView(
            token=format_token(token),
            batch_id=b64encode(batch.batch_ids[at * 12 : at * 12 + 12]).decode(),
            position=batch.positions[at],
            sealed=b64encode(batch.sealed[at]).decode(),
            facets=batch.facets[at],
        )
        for at, token in enumerate(split_tokens(batch.tokens))
    ]


def _export(run: ExportRun) -> shapes.ExportView:
    return shapes.ExportView(
        id=run.id,
        request=run.request,
        list=run.list_id,
        state=run.state,
        rows=run.rows,
        bytes=run.size_bytes,
        sha256=run.sha256,
        code=run.code,
        message=run.message,
        hint=run.hint,
    )
