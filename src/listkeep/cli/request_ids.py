"""Names of requests, as people type them and as files are called after them."""

import re
from typing import Annotated

import typer

from listkeep.core.errors import Code, RefusedError

RequestId = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
_ID = re.compile(r"r_[a-z2-7]{12}")


def require_request_id(text: str) -> str:
    """Require the form of a request's id, before it becomes part of a path.

    Raises:
        RefusedError: Nothing is called so.
    """
    if not _ID.fullmatch(text):
        raise RefusedError(
            "there is no such request",
            code=Code.NOT_FOUND,
            hint="see `listkeep request ls`",
        )
    return text
