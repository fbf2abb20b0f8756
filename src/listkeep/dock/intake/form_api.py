"""The API of forms that the dock shows: made with an intake key, closed by anybody."""

from typing import Annotated

from django.utils import timezone
from ninja import Router, Status
from pydantic import Field

from listkeep.dock.lists.access import Bearer, CallerRequest, enter_list
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.origins import public_origin
from listkeep.dock.lists.shapes import Shape, shape_of
from listkeep.wire.dock.sign_up_forms import DockForm, DockFormsPage

from .sign_up_api import FieldName
from .sign_ups import forms
from .sign_ups.forms import Form, Words

router = Router(auth=Bearer(), tags=["sign-ups"])

Line = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class NewForm(Shape):
    """What a form shows. ``origins``: sites whose own forms may send to this one."""

    title: Line
    text: Annotated[
        str, Field(max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")
    ]
    fields: Annotated[dict[FieldName, Line], Field(max_length=10)] = Field(default={})
    origins: Annotated[
        list[Annotated[str, Field(max_length=200)]], Field(max_length=20)
    ]


@router.post(
    "/lists/{list_name}/forms",
    response={201: shape_of(DockForm)},
    description="Make a sign-up form that this dock shows, with the key of an `intake` "
    "service, which is kept for it until it is closed. Fields are sealed fields of the "
    "list, with the label each has.",
)
def make(request: CallerRequest, list_name: str, body: NewForm) -> Status[DockForm]:
    """Make a form."""
    visit = enter_list(get_keeper(), request.auth, list_name=list_name, right="touch")
    words = Words(
        title=body.title, text=body.text, fields=body.fields, origins=body.origins
    )
    return Status(201, _show(forms.make_form(visit, words, now=timezone.now())))


@router.get("/lists/{list_name}/forms", response=shape_of(DockFormsPage))
def show(request: CallerRequest, list_name: str) -> DockFormsPage:
    """Show the open forms of a list; their keys are not shown."""
    visit = enter_list(get_keeper(), request.auth, list_name=list_name, right="touch")
    found = forms.show_forms(visit.record.id)
    return DockFormsPage(forms=tuple(_show(form) for form in found))


@router.delete("/lists/{list_name}/forms/{form_id}", response=shape_of(DockForm))
def close(request: CallerRequest, list_name: str, form_id: str) -> DockForm:
    """Close a form: its page is gone, and the key it had is removed."""
    visit = enter_list(
        get_keeper(), request.auth, list_name=list_name, right="touch", what="form"
    )
    return _show(forms.close_form(visit.record.id, form_id))


def _show(form: Form) -> DockForm:
    return DockForm(
        id=form.id,
        url=f"{public_origin()}/join/{form.id}",
        title=form.title,
        text=form.text,
        fields=form.fields,
        origins=form.origins,
        service=form.service,
        made_at=form.made_at,
    )
