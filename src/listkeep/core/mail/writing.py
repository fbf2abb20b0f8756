"""Write a template as the .eml file that says the same.

Whoever has HTML and a text signs for what they become together; the dock takes
templates as messages. So this message is read there as the template that was signed
for, which it is held against: its digest is the same.
"""

import base64
from collections.abc import Iterator

from listkeep.core.errors import MalformedError

from .headers import format_field, format_mailbox_field
from .mime import File
from .slots import format_pieces
from .template import Fork, Node, Template

_NOBODY = "<reader@example.com>"  # a name alone is no field `To`
_LINE_BYTES = 57  # 76 characters of base64


def write_template(template: Template) -> bytes:
    """Write a template so that ``parse_template`` reads the same one.

    Raises:
        MalformedError: It has files in it: then it was a message before, and stays it.
    """
    fields = [format_mailbox_field("From", template.sender)]
    if template.reply_to:
        fields.append(format_mailbox_field("Reply-To", template.reply_to))
    if template.to_name:
        fields.append(_to_field(template.to_name_text))
    fields += [format_field("Subject", template.subject_text), "MIME-Version: 1.0"]
    lines = [*fields, *_write(template.body, "=_template")]
    return "\r\n".join((*lines, "")).encode("ascii")


def _to_field(name: str) -> str:
    quoted = f'"{name}"' if name.isascii() else name
    return f"{format_field('To', quoted)}\r\n {_NOBODY}"


def _write(node: Node, boundary: str) -> Iterator[str]:
    if isinstance(node, Fork):
        yield f'Content-Type: {node.content_type}; boundary="{boundary}"'
        yield ""
        for number, part in enumerate(node.parts):
            yield f"--{boundary}"
            yield from _write(part, f"{boundary}_{number}")
        yield f"--{boundary}--"
        return
    if isinstance(node, File):
        raise MalformedError("a template with files in it is written by a mail program")
    yield f"Content-Type: {node.content_type}; charset=utf-8"
    yield "Content-Transfer-Encoding: base64"  # nothing on the way reads lines into it
    yield ""
    data = format_pieces(node.pieces).encode()
    for start in range(0, len(data), _LINE_BYTES):
        yield base64.b64encode(data[start : start + _LINE_BYTES]).decode()
