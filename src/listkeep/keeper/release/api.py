"""The release room's part of the wire: imports, look-ups, reveals, exports, sends."""

from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.urls import path
from msgspec import Struct

from listkeep.core.registry.facts import Service
from listkeep.keeper.gate.endpoint import (
    Call,
    View,
    carried,
    current_time,
    direct,
    endpoint,
    open_gate,
    require_post,
)
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m
from listkeep.wire.base import MEDIA_TYPE, decode, encode
from listkeep.wire.messages import keys as k
from listkeep.wire.messages import restores as r
from listkeep.wire.messages import scrubs as s
from listkeep.wire.messages import sends as d

from .deliveries import deliver, watch_delivery
from .exports import run_export
from .frames import read_ahead, read_frames
from .imports import finish_import, seal_import_rows, start_import
from .leaving_out import find_gone
from .look_ups import look_up
from .renewals import destroy_keys, read_keys, renew_key, renew_rows
from .restores import finish_restore, reseal_restored_rows, start_restore
from .returned import report_returned
from .reveals import run_reveal
from .scrubs import read_scrubs, scrub_rows
from .send_reports import close_for_send
from .send_rows import open_for_send
from .send_signing import sign_for_send
from .sends import finish_send, read_sends, start_send

_M = TypeVar("_M", bound=Struct)
_C_contra = TypeVar("_C_contra", bound=Struct, contravariant=True)


@endpoint(m.SealRows)
def imports_seal(gate: Gate, message: m.SealRows, call: Call) -> m.SealedRows:
    """Seal rows in flight."""
    call.service("dock")
    return seal_import_rows(gate, message, now=call.now)


@endpoint(r.ResealRows)
def restores_reseal(gate: Gate, message: r.ResealRows, call: Call) -> m.SealedRows:
    """Seal earlier rows of a list anew."""
    call.service("dock")
    return reseal_restored_rows(gate, message, now=call.now)


@endpoint(r.FinishRestore)
def restores_finish(gate: Gate, message: r.FinishRestore, call: Call) -> m.Empty:
    """Close a restore."""
    call.service("dock")
    return finish_restore(gate, message, now=call.now)


@endpoint(m.FinishImport)
def imports_finish(gate: Gate, message: m.FinishImport, call: Call) -> m.Empty:
    """Close an import."""
    call.service("dock")
    return finish_import(gate, message, now=call.now)


@endpoint(m.FindGone)
def imports_gone(gate: Gate, message: m.FindGone, call: Call) -> m.FoundGone:
    """Say who was erased since an import began."""
    call.service("dock")
    return find_gone(gate, message, now=call.now)


def exports_run(request: HttpRequest) -> HttpResponseBase:
    """Open a granted export: frames of sealed rows in, an age file out."""
    require_post(request)
    carrier = Call(request).service("dock")
    # Django reads nothing of a body whose length is not told beforehand.
    frames = read_ahead(read_frames(request.META["wsgi.input"]))
    first = next(frames, b"")
    target = run_export(
        open_gate(),
        decode(first, m.RunExport),
        (decode(frame, m.RowBatch) for frame in frames),
        carrier=carrier,
        spool=settings.SPOOL,
        clock=current_time,
    )
    # The length lets the dock tell a copy that was cut short from a whole one.
    headers = {"content-length": str(target.stat().st_size)}
    return StreamingHttpResponse(
        deliver(target, watch_delivery(open_gate(), target, clock=current_time)),
        content_type="application/age",
        headers=headers,
    )


def keys_destroy(request: HttpRequest) -> HttpResponseBase:
    """Destroy older keys of a list: frames of all its rows in, what is left out."""
    require_post(request)
    Call(request).service("dock")
    frames = read_frames(request.META["wsgi.input"])
    first = next(frames, b"")
    answer = destroy_keys(
        open_gate(),
        decode(first, k.DestroyKeys),
        (decode(frame, k.HeldRows) for frame in frames),
        clock=current_time,
    )
    return HttpResponse(encode(answer), content_type=MEDIA_TYPE)


class _Counting(Protocol[_C_contra]):
    def __call__(
        self,
        gate: Gate,
        message: _C_contra,
        /,
        *,
        carrier: Service,
        spool: Path,
        now: datetime,
    ) -> Struct: ...


def counting(kind: type[_M], act: _Counting[_M]) -> View:
    """Make a view of what a dock asks about sends, which are counted in the spool."""
    return endpoint(kind)(
        lambda gate, message, call: act(
            gate,
            message,
            carrier=call.service("dock"),
            spool=settings.SPOOL,
            now=call.now,
        )
    )


_VIEWS = {  # tried in this order: the busiest first
    "sends/open": counting(d.OpenForSend, open_for_send),
    "sends/sign": counting(d.SignForSend, sign_for_send),
    "sends/close": counting(d.CloseForSend, close_for_send),
    "sends/start": carried(d.StartSend, start_send, "dock"),
    "sends/read": counting(d.ReadSends, read_sends),
    "sends/finish": counting(d.FinishSend, finish_send),
    "sends/returned": counting(d.ReportReturned, report_returned),
    "imports/start": carried(m.StartImport, start_import, "dock"),
    "imports/seal": imports_seal,
    "imports/gone": imports_gone,
    "imports/finish": imports_finish,
    "restores/start": carried(r.StartRestore, start_restore, "dock"),
    "restores/reseal": restores_reseal,
    "restores/finish": restores_finish,
    "look-up": carried(m.LookUp, look_up, "dock"),
    "reveals/run": direct(m.RunReveal, run_reveal),
    "exports/run": exports_run,
    "keys/read": carried(k.ReadKeys, read_keys, "dock"),
    "keys/renew": carried(k.RenewKey, renew_key, "dock"),
    "keys/reseal": carried(k.RenewRows, renew_rows, "dock"),
    "keys/destroy": keys_destroy,
    "scrubs/read": carried(s.ReadScrubs, read_scrubs, "dock"),
    "scrubs/rows": carried(s.ScrubRows, scrub_rows, "dock"),
}
urlpatterns = [path(route, view) for route, view in _VIEWS.items()]
