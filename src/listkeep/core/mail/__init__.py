"""Mail: templates people sign, messages built from them, and what comes back.

Rules of the room: what strangers and applications write is read so that there is one
way to read it, or refused; what goes out is built here from what was signed; what comes
back leaves as an alias, an outcome and a code.
"""

from .aliases import (
    AliasKey,
    Purpose,
    ReturnAddress,
    SendAddress,
    format_return_address,
    format_send_address,
    make_alias,
    open_alias,
    parse_return_address,
    parse_send_address,
    parse_tag,
)
from .comparing import read_values
from .declared import Declared, declare, find_undeclared, format_mailbox
from .faults import Fault, TemplateError
from .headers import Mailbox, canonical_address
from .message import Addressee, Built, Stamp, build_message
from .mime import Mail, parse_mail
from .outcomes import Outcome, Returned
from .returned import parse_returned
from .scrub import Reply, scrub_reply
from .signing import (
    Algorithm,
    DraftSignature,
    Signer,
    SigningName,
    attach_signatures,
    draft_signatures,
    sign_message,
)
from .slots import Kind, Slot
from .template import Draft, Template, make_template, parse_template
from .token_addresses import (
    TokenAddress,
    find_bucket,
    format_token_address,
    format_token_ending,
    parse_token_address,
)
from .unsubscribing import is_unsubscribe_proof, make_unsubscribe_proof
from .writing import write_template

__all__ = [
    "Addressee",
    "Algorithm",
    "AliasKey",
    "Built",
    "Declared",
    "Draft",
    "DraftSignature",
    "Fault",
    "Kind",
    "Mail",
    "Mailbox",
    "Outcome",
    "Purpose",
    "Reply",
    "ReturnAddress",
    "Returned",
    "SendAddress",
    "Signer",
    "SigningName",
    "Slot",
    "Stamp",
    "Template",
    "TemplateError",
    "TokenAddress",
    "attach_signatures",
    "build_message",
    "canonical_address",
    "declare",
    "draft_signatures",
    "find_bucket",
    "find_undeclared",
    "format_mailbox",
    "format_return_address",
    "format_send_address",
    "format_token_address",
    "format_token_ending",
    "is_unsubscribe_proof",
    "make_alias",
    "make_template",
    "make_unsubscribe_proof",
    "open_alias",
    "parse_mail",
    "parse_return_address",
    "parse_returned",
    "parse_send_address",
    "parse_tag",
    "parse_template",
    "parse_token_address",
    "read_values",
    "scrub_reply",
    "sign_message",
    "write_template",
]
