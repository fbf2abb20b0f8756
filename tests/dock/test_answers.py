"""What the dock answers is what its clients read: told once, or held together here."""

from typing import get_type_hints

import msgspec
import pydantic
import pytest

from listkeep.dock.intake import api as intake
from listkeep.dock.lists.shapes import Shape, shape_of
from listkeep.dock.outlet import returned_shapes, shapes
from listkeep.dock.project.api import HealthView
from listkeep.wire import answers as a

LINE = a.DockIncidentLine(at="", who="ada", what="noted", text="seen")
INCIDENT = a.DockIncident(
    **dict.fromkeys(("id", "kind", "sentence", "tenant", "list", "state"), "x"),
    **dict.fromkeys(("opened_at", "closed_at", "closed_by", "reason"), ""),
    found=1,
    times=2,
    timeline=(LINE,),
)
TOLD_ONCE = {
    *(a.DockChange, a.DockChangesPage, a.DockPreview, a.DockRestore),
    *(a.DockNotices, a.DockNotice, a.DockDelivery),
    *(a.DockIncidents, a.DockIncident, a.DockIncidentLine),
}
TOLD_TWICE: dict[type[msgspec.Struct], type[Shape]] = {
    a.DockHealth: HealthView,
    a.DockDay: shapes.DayView,
    a.DockList: shapes.ListDetail,
    a.DockListsPage: intake.ListPage,
    a.DockImport: intake.ImportView,
    a.DockReject: intake.RejectView,
    a.DockRejectsPage: intake.RejectPage,
    a.DockCount: shapes.Count,
    a.DockBar: shapes.BarView,
    a.DockHistogram: shapes.HistogramView,
    a.DockHistogramsPage: shapes.Histograms,
    a.DockEntry: shapes.EntryView,
    a.DockTokensPage: shapes.TokenPage,
    a.DockSampleEntry: shapes.SampleEntry,
    a.DockSample: shapes.Sample,
    a.DockFound: shapes.FoundEntry,
    a.DockSuppressed: shapes.SuppressionView,
    a.DockSealedRow: shapes.SealedRowView,
    a.DockSealedRowsPage: shapes.SealedRowsView,
    a.DockExport: shapes.ExportView,
    a.DockErased: shapes.ErasureView,
    a.DockReturned: returned_shapes.ReturnedView,
    a.DockReturnedPage: returned_shapes.ReturnedPage,
    a.DockWebhook: returned_shapes.WebhookView,
    a.DockDecided: returned_shapes.Decided,
}


def test_an_answer_goes_out_as_its_clients_read_it() -> None:
    answer = a.DockIncidents(incidents=(INCIDENT,))

    text = shape_of(a.DockIncidents).model_validate(answer).model_dump_json()

    assert msgspec.json.decode(text, type=a.DockIncidents) == answer


def test_an_answer_that_is_none_does_not_go_out() -> None:
    wrong = msgspec.structs.replace(INCIDENT, found="many")

    with pytest.raises(pydantic.ValidationError):
        shape_of(a.DockIncident).model_validate(wrong)


def test_the_page_of_the_api_promises_every_member() -> None:
    schema = shape_of(a.DockIncident).model_json_schema()

    assert set(schema["required"]) == set(get_type_hints(a.DockIncident))
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("answer", "view"), TOLD_TWICE.items(), ids=lambda each: each.__name__
)
def test_what_is_told_twice_has_the_same_members(
    answer: type[msgspec.Struct], view: type[Shape]
) -> None:
    """The API may say more: its clients read leniently."""
    read = get_type_hints(answer)
    given = view.model_fields

    assert set(read) <= set(given)
    for name, hint in read.items():
        may_be_none = type(None) in getattr(hint, "__args__", ())
        gives_none = type(None) in getattr(given[name].annotation, "__args__", ())
        assert may_be_none or not gives_none, name


def test_every_answer_is_held_together() -> None:
    every = {
        each
        for each in vars(a).values()
        if isinstance(each, type) and issubclass(each, msgspec.Struct)
    }

    assert every - TOLD_ONCE == set(TOLD_TWICE)
