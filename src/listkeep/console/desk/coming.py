"""The way in and out, and the few files the pages load."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from listkeep.console.web.answers import answers
from listkeep.console.web.assets import assets
from listkeep.console.web.doors import doors
from listkeep.console.web.ways import keeper, service_id
from listkeep.looks.coming import Coming


@require_safe
def serve(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 - for all
    """Answer with one of the files."""
    file = assets().get(name)
    if file is None:
        raise Http404
    return answers.give_asset(file)


urlpatterns = Coming(doors, answers, client=service_id, keeper=keeper).urls
