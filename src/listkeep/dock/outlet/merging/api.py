"""The API of the mail merge: begin a send, hold it, let it go on, see how far it is."""

from typing import Self

from django.utils import timezone
from ninja import Router

from listkeep.dock.lists.access import Bearer, CallerRequest
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.shapes import Shape

from . import services

router = Router(auth=Bearer(), tags=["outlet"])


class MergeShape(Shape):
    """How far a send is that the dock carries out by itself."""

    request: str
    list: str
    state: str
    code: str
    selected: int
    delivered: int
    deferred: int
    failed: int

    @classmethod
    def of(cls, view: services.MergeView) -> Self:
        """Show a run; what is under way counts as deferred until it is settled."""
        counts = view.counts
        return cls(
            request=view.run.request,
            list=view.run.list_id,
            state=view.run.state,
            code=view.run.code,
            selected=view.selected,
            delivered=counts["delivered"],
            deferred=counts["deferred"] + counts["claimed"],
            failed=counts["failed"],
        )


@router.post("/sends/{request_id}/start", response=MergeShape)
def start(request: CallerRequest, request_id: str) -> MergeShape:
    """Begin to send what a granted request names; again, it changes nothing."""
    return MergeShape.of(
        services.start_merge(
            request.auth, request=request_id, keeper=get_keeper(), now=timezone.now()
        )
    )


@router.get("/sends/{request_id}", response=MergeShape)
def show(request: CallerRequest, request_id: str) -> MergeShape:
    """Show how far a send is."""
    return MergeShape.of(
        services.show_merge(request.auth, request=request_id, keeper=get_keeper())
    )


@router.post("/sends/{request_id}/pause", response=MergeShape)
def pause(request: CallerRequest, request_id: str) -> MergeShape:
    """Hold a send; messages under way still go out."""
    return MergeShape.of(
        services.pause_merge(
            request.auth, request=request_id, keeper=get_keeper(), now=timezone.now()
        )
    )


@router.post("/sends/{request_id}/resume", response=MergeShape)
def resume(request: CallerRequest, request_id: str) -> MergeShape:
    """Let a send go on at once."""
    return MergeShape.of(
        services.resume_merge(
            request.auth, request=request_id, keeper=get_keeper(), now=timezone.now()
        )
    )
