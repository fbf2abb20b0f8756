"""The API by which a sign-up form of the tenant's hands over who fills it in."""

from typing import Annotated

from django.utils import timezone
from ninja import Router, Status
from pydantic import Field

from listkeep.dock.lists.access import Bearer, CallerRequest, enter_list
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.shapes import Shape

from .sign_ups.asking import sign_up

router = Router(auth=Bearer(), tags=["sign-ups"])

FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
FieldText = Annotated[str, Field(max_length=1000)]


class NewSignUp(Shape):
    """Somebody who filled in a form; ``source`` is the address they came from."""

    address: Annotated[str, Field(min_length=1, max_length=320)]
    fields: Annotated[dict[FieldName, FieldText], Field(max_length=100)] = Field(
        default={}
    )
    source: Annotated[str, Field(max_length=45)] = ""


class Accepted(Shape):
    """The one answer there is."""

    accepted: bool


@router.post(
    "/lists/{list_name}/sign-ups",
    response={202: Accepted},
    description="Hand over who filled in a sign-up form, with the key of an `intake` "
    "service. The answer is the same whether somebody is on the list or not. They are "
    "asked by mail to confirm, and are on the list when they did.",
)
def ask(request: CallerRequest, list_name: str, body: NewSignUp) -> Status[Accepted]:
    """Take a sign-up."""
    keeper = get_keeper()
    visit = enter_list(keeper, request.auth, list_name=list_name, right="touch")
    sign_up(
        visit,
        address=body.address,
        fields=body.fields,
        source=body.source,
        keeper=keeper,
        now=timezone.now(),
    )
    return Status(202, Accepted(accepted=True))
