"""The API of sends: their templates are handed over, an application's are begun."""

from django.utils import timezone
from ninja import Router

from listkeep.core.mail.mime import MAX_BYTES
from listkeep.dock.lists.access import Bearer, CallerRequest
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.shapes import Shape

from .begin_sends import begin_send
from .templates import store_template

router = Router(auth=Bearer(), tags=["outlet"])


class TemplateView(Shape):
    """A template that is kept."""

    digest: str
    subject: str


class BegunView(Shape):
    """A send whose messages an application hands over."""

    request: str
    list: str
    kind: str
    state: str
    cap: int
    token_domain: str
    expires: str


@router.put(
    "/sends/{request_id}/template",
    response=TemplateView,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "message/rfc822": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
def put_template(request: CallerRequest, request_id: str) -> TemplateView:
    """Hand over the template of a send, as an .eml file in the raw body.

    It is kept if it is the one that was signed for, and says what people were told.
    """
    template = store_template(
        request.auth,
        request=request_id,
        eml=request.read(MAX_BYTES + 1),
        keeper=get_keeper(),
        now=timezone.now(),
    )
    return TemplateView(digest=template.digest, subject=template.subject_text)


@router.post("/sends/{request_id}/begin", response=BegunView)
def begin(request: CallerRequest, request_id: str) -> BegunView:
    """Have the delivery proxy take an application's messages of a granted send.

    The dock sends none by itself. Again, it changes nothing.
    """
    send = begin_send(request.auth, request=request_id, keeper=get_keeper())
    return BegunView(
        request=send.request,
        list=send.list,
        kind=send.kind,
        state=send.state,
        cap=send.cap,
        token_domain=send.token_domain,
        expires=send.expires,
    )
