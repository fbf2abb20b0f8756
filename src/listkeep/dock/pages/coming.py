"""The way in and out, and the files pages load."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from listkeep.dock.lists.keeper import get_keeper, service_id
from listkeep.looks.coming import Coming

from .answers import answers
from .assets import assets
from .doors import doors


@require_safe
def serve(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 - for all
    """Answer with one of the files."""
    file = assets().get(name)
    if file is None:
        raise Http404
    return answers.give_asset(file)


def _client() -> str:
    return service_id(settings.LISTKEEP_SERVICE_KEY_FILE)


urlpatterns = Coming(doors, answers, client=_client, keeper=get_keeper).urls
