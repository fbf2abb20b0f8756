"""The API of sends: the template that people signed for is handed over."""

from django.utils import timezone
from ninja import Router

from listkeep.core.mail.mime import MAX_BYTES
from listkeep.dock.lists.access import Bearer, CallerRequest
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.shapes import Shape

from .templates import store_template

router = Router(auth=Bearer(), tags=["outlet"])


class TemplateView(Shape):
    """A template that is kept."""

    digest: str
    subject: str


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
