"""The pages of the dock: each one parses, asks the rooms below once, and shows."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from listkeep.core.errors import Code, ListkeepError, RefusedError
from listkeep.core.grants import Action
from listkeep.core.sealing import format_token
from listkeep.core.segments import Schema
from listkeep.dock.intake import queries as imports
from listkeep.dock.intake import services as intake
from listkeep.dock.intake.checking import Checked, check_file
from listkeep.dock.intake.models import Import
from listkeep.dock.lists.access import Visit, enter, enter_list, not_found
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.statuses import STATUSES
from listkeep.dock.outlet import exports as outlet
from listkeep.dock.outlet import queries as runs
from listkeep.dock.outlet import services as answers
from listkeep.dock.outlet.models import ExportRun
from listkeep.dock.outlet.requests import get_terms
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m

from .answers import go_to, show, show_work
from .doors import Visitor, personal
from .forms import ImportForm, ListForm
from .headers import harden
from .releases import find_granted, find_reveals
from .runs import start_run
from .uploads import read_form

_REJECTS_SHOWN = 100


@personal("GET")
def home(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show what can be done here."""
    return show(request, "home", {"visitor": visitor})


# --- exports --------------------------------------------------------------------


@personal("GET", "POST")
def export_runs(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show granted exports and past runs; run one."""
    keeper = get_keeper()
    if request.method == "POST":
        return _run_export(request, visitor)
    context = {
        "visitor": visitor,
        "granted": find_granted(visitor, Action.EXPORT, keeper=keeper),
        "formats": outlet.FORMATS,
        "runs": runs.find_runs(visitor.principal.id),
    }
    return show(request, "exports", context)


@personal("GET", is_followed=True)
def export_run(request: HttpRequest, visitor: Visitor, run_id: str) -> HttpResponse:
    """Show how far a run has come; the page looks again by itself until it ends."""
    run = _own_run(visitor, run_id)
    goes_on = run.state == ExportRun.State.RUNNING
    context = {"visitor": visitor, "run": run, "running": goes_on}
    return show_work(request, "export", context, goes_on=goes_on)


@personal("GET")
def export_file(
    request: HttpRequest,  # noqa: ARG001 - the visitor says all
    visitor: Visitor,
    run_id: str,
) -> HttpResponseBase:
    """Hand out the age file, which only its recipient can open."""
    run = _own_run(visitor, run_id)
    runs.verify_finished(run)
    response = FileResponse(
        outlet.export_path(run.id).open("rb"),
        as_attachment=True,
        filename=f"{run.id}.age",
        content_type="application/octet-stream",
    )
    harden(response)
    return response


# --- look-up ----------------------------------------------------------------------


@personal("GET", "POST")
def look_up(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Find one exact address; the answer is a page and no link, which would hold it."""
    keeper = get_keeper()
    context = {
        "visitor": visitor,
        # Support sees no lists, also under consent: it is told which one to look at.
        "lists": () if visitor.is_operator else _lists(visitor, right="look-up"),
        "chosen": request.POST.get("list", ""),
        "address": request.POST.get("address", ""),
        "reveals": find_reveals(visitor, keeper=keeper),
    }
    if request.method == "GET":
        return show(request, "look_up", context)
    try:
        context["found"] = _look_up(request, visitor)
    except ListkeepError as error:
        _pass_on(error)
        context["error"] = error
        return show(request, "look_up", context, status=error.status)
    return show(request, "look_up", context)


# --- import -----------------------------------------------------------------------


@personal("GET", "POST")
def choose_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show the lists a file can be imported into, and past imports; open a list."""
    form = ListForm.read(request.POST)
    context = {
        "visitor": visitor,
        "lists": _lists(visitor, right="touch"),
        "imports": imports.find_imports(visitor.principal.id),
        "form": form,
    }
    if request.method == "GET":
        return show(request, "imports", context)
    try:
        record = intake.open_list(
            visitor.caller,
            name=form.list_name,
            facets=form.facets.split(),
            fields=form.fields.split(),
            keeper=get_keeper(),
        )
    except ListkeepError as error:
        _pass_on(error)
        context["error"] = error
        return show(request, "imports", context, status=error.status)
    return go_to(f"/import/{record.id}")


@personal("GET")
def prepare_import(
    request: HttpRequest, visitor: Visitor, list_id: str
) -> HttpResponse:
    """Show the form for a file."""
    visit = _touch(visitor, list_id)
    return _show_import_form(request, visitor, visit, ImportForm())


@personal("POST", has_file=True)
def check_import(request: HttpRequest, visitor: Visitor, list_id: str) -> HttpResponse:
    """Read a file and say what an import would make of it; nothing is kept."""
    sent = read_form(request)
    visitor.require_token(sent.fields.get("token", ""))
    visit = _touch(visitor, list_id)
    form = ImportForm.read(sent.fields)
    checked = check_file(
        visit,
        upload=sent.upload,
        file_format=form.file_format,
        mapping=form.full_mapping(),
    )
    form.sha256 = "" if checked.error else checked.sha256
    return _show_import_form(
        request, visitor, visit, form, checked=checked, file_name=sent.shown_name
    )


@personal("POST", has_file=True)
def run_import(request: HttpRequest, visitor: Visitor, list_id: str) -> HttpResponse:
    """Import the file that was looked at; it was kept nowhere, so it is sent again."""
    sent = read_form(request)
    visitor.require_token(sent.fields.get("token", ""))
    visit = _touch(visitor, list_id)
    form = ImportForm.read(sent.fields)
    source = None
    try:
        source = _begin_import(visit, form)
        intake.receive_file(
            source,
            visit=visit,
            upload=sent.upload,
            keeper=get_keeper(),
            clock=timezone.now,
        )
    except ListkeepError as error:
        _pass_on(error)
        if source is None:
            return _show_import_form(request, visitor, visit, form, error=error)
    return go_to(f"/imports/{source.id}")


@personal("GET", is_followed=True)
def show_import(request: HttpRequest, visitor: Visitor, import_id: str) -> HttpResponse:
    """Show how far an import has come, or what came of it."""
    source = imports.get_import(import_id)
    _require_own(source.principal, visitor, "import")
    visit = enter_list(
        get_keeper(),
        visitor.caller,
        list_name=source.list_id,
        right="touch",
        what="import",
    )
    running = source.state in Import.RUNNING
    context = {
        "visitor": visitor,
        "source": source,
        "list": visit.record,
        "running": running,
        "counts": imports.count_changes(source, is_person=True),
        "unchanged": source.rows - source.added - source.updated,
        "rejects": imports.read_rejects(source, after=0, limit=_REJECTS_SHOWN),
    }
    return show_work(request, "import", context, goes_on=running)


# --- inside -----------------------------------------------------------------------


def _lists(visitor: Visitor, *, right: str) -> tuple[m.ListRecord, ...]:
    keeper = get_keeper()
    enter(keeper, visitor.caller, right=right)
    return keeper.show_lists(m.ShowLists(caller=visitor.caller)).lists


def _touch(visitor: Visitor, list_id: str) -> Visit:
    return enter_list(get_keeper(), visitor.caller, list_name=list_id, right="touch")


def _require_own(principal: str, visitor: Visitor, what: str) -> None:
    if principal != visitor.principal.id:
        raise not_found(what)


def _pass_on(error: ListkeepError) -> None:
    """Leave to the door what no form can help with."""
    if error.code is Code.NOT_SIGNED_IN or type(error) is ListkeepError:
        raise error


def _own_run(visitor: Visitor, run_id: str) -> ExportRun:
    run = runs.get_export(run_id)
    _require_own(run.principal, visitor, "export")
    enter_list(
        get_keeper(),
        visitor.caller,
        list_name=run.list_id,
        right="export",
        what="export",
    )
    return run


def _run_export(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    keeper, name = get_keeper(), request.POST.get("request", "")
    file_format = request.POST.get("format", "")
    if file_format not in outlet.FORMATS:
        raise RefusedError(
            gettext_noop("there is no such file format"),
            hint=gettext_noop("csv or jsonl"),
        )
    running = runs.find_running(visitor.principal.id, name)
    if running is not None:
        return go_to(f"/exports/{running.id}")
    terms = get_terms(visitor.caller, request=name, action=Action.EXPORT, keeper=keeper)
    visit = enter_list(
        keeper, visitor.caller, list_name=terms.list, right="export", what="request"
    )
    run = outlet.begin_run(
        visit, request=name, file_format=file_format, now=timezone.now()
    )
    start_run(run, visit=visit, terms=terms, keeper=keeper)
    return go_to(f"/exports/{run.id}")


def _look_up(request: HttpRequest, visitor: Visitor) -> dict[str, object]:
    record, token, entry = answers.look_up(
        visitor.caller,
        list_name=request.POST.get("list", ""),
        address=request.POST.get("address", "").strip()[:320],
        keeper=get_keeper(),
    )
    schema = Schema.parse(record.facets)
    facets = schema.decode_facets(entry.facets) if entry else ()
    return {
        "token": format_token(token),
        "status": STATUSES[entry.status] if entry else "",
        "facets": list(zip(schema.names, facets, strict=False)),
    }


def _begin_import(visit: Visit, form: ImportForm) -> Import:
    source = intake.begin_import(
        visit,
        file_format=form.file_format,
        mapping=form.full_mapping(),
        request=form.request or None,
        keeper=get_keeper(),
        clock=timezone.now,
    )
    return intake.expect_file(source, sha256=form.sha256) if form.sha256 else source


def _show_import_form(  # noqa: PLR0913 - what the form can show
    request: HttpRequest,
    visitor: Visitor,
    visit: Visit,
    form: ImportForm,
    *,
    checked: Checked | None = None,
    file_name: str = "",
    error: ListkeepError | None = None,
) -> HttpResponse:
    error = error or (checked.error if checked else None)
    context = {
        "visitor": visitor,
        "list": visit.record,
        "form": form,
        "targets": form.targets(visit.schema, checked.columns if checked else ()),
        "checked": checked,
        "columns": _columns(checked) if checked else (),
        "step": _step(checked),
        # As pairs: a template would take "items" for a column of that name.
        "rejected": _rejected(checked) if checked else (),
        "file_name": file_name,
        "error": error,
    }
    return show(request, "import_form", context, status=error.status if error else 200)


def _rejected(checked: Checked) -> list[tuple[str, int]]:
    """Say in words why rows are turned away, and how many."""
    reasons = sorted(checked.rejected.items())
    return [(code.replace("-", " ").capitalize(), count) for code, count in reasons]


def _columns(checked: Checked) -> list[tuple[str, str, str]]:
    """Say of each column that is known what it becomes, and what it looks like."""
    return [
        (column, name, checked.kinds.get(column, ""))
        for column, name in checked.meaning
    ]


def _step(checked: Checked | None) -> int:
    """Say how far somebody is on the way of a file: file, columns, dry run, list."""
    if checked is None:
        return 1
    return 2 if checked.error else 3
