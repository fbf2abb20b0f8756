"""Sign-up forms that the dock shows."""

from collections.abc import Mapping, Sequence

import msgspec

from .calls import Calls, part


class DockForm(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-up form that the dock shows; ``fields`` gives each its label."""

    id: str
    url: str
    title: str
    text: str
    fields: dict[str, str]
    origins: tuple[str, ...]
    service: str
    made_at: str


class DockFormsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The open forms of a list."""

    forms: tuple[DockForm, ...]


class FormCalls(Calls):
    """What may be said about forms. Lists are named by id or name."""

    def make_form(
        self,
        list_name: str,
        *,
        title: str,
        text: str = "",
        fields: Mapping[str, str] | None = None,
        origins: Sequence[str] = (),
    ) -> DockForm:
        """Make a form, as the intake service whose key it will have."""
        body = {
            "title": title,
            "text": text,
            "fields": dict(fields or {}),
            "origins": list(origins),
        }
        return self.send("POST", f"lists/{part(list_name)}/forms", body, DockForm)

    def show_forms(self, list_name: str) -> tuple[DockForm, ...]:
        """Read the open forms of a list."""
        return self.get(f"lists/{part(list_name)}/forms", DockFormsPage).forms

    def close_form(self, list_name: str, form_id: str) -> DockForm:
        """Close a form; its page is gone."""
        path = f"lists/{part(list_name)}/forms/{part(form_id)}"
        return self.send("DELETE", path, {}, DockForm)
