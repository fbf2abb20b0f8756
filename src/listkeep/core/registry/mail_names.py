"""Names in the terms of a send: mailboxes, domains, words, each in its one spelling.

A second spelling of something known would pass for something new, or worse, something
new for what is known: other letters, other alphabets, a dot at the end, a name twice.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address

from listkeep.core.addresses import parse_address
from listkeep.core.errors import MalformedError

from .fields import invalid

_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")


def domain_of(mailbox: str) -> str:
    """Name the domain of a mailbox, ``Name <name@domain>`` or the address alone.

    Raises:
        MalformedError: It is no mailbox in its one spelling.
    """
    name, bracket, rest = mailbox.rpartition(" <")
    address = rest.removesuffix(">") if bracket else mailbox
    is_written = mailbox == (f"{name} <{address}>" if bracket else address)
    local, _, domain = address.rpartition("@")
    is_name = not set(name) & set('<>@"\\') and name == name.strip()
    if not (is_written and is_name and is_domain(domain) and _is_local(local)):
        raise invalid("names a mailbox in another way than Name <name@domain>")
    return domain


def is_domain(text: str) -> bool:
    """Tell whether a text is a domain in the one spelling: lower-case A-labels."""
    try:
        return parse_address(f"a@{text}").index_form == f"a@{text}"
    except MalformedError:
        return False


def is_word(text: str) -> bool:
    """Tell whether a text is a name as triggers and fields have: a-z, 0-9, ``_.-``."""
    return _WORD.fullmatch(text) is not None


def _is_local(text: str) -> bool:
    try:
        parse_address(f"{text}@a.test")
    except MalformedError:
        return False
    return text.isascii() and text.isprintable() and " " not in text


def read_ips(text: str) -> tuple[str, ...]:
    """Read addresses of hosts, sorted, with a space between.

    Raises:
        MalformedError: They are spelt in another way.
    """
    words = tuple(text.split(" ")) if text else ()
    if not all(map(is_ip, words)) or list(words) != sorted(set(words)):
        raise invalid("names source addresses in another way than sorted IP addresses")
    return words


def is_ip(text: str) -> bool:
    """Tell whether a text is the address of a host in its one spelling."""
    try:
        return str(ip_address(text)) == text
    except ValueError:
        return False


def read_domains(text: str, name: str) -> tuple[str, ...]:
    """Read domains, sorted, with a space between.

    Raises:
        MalformedError: They are spelt in another way.
    """
    words = read_words(text, name, None)
    if not all(map(is_domain, words)):
        raise invalid(f"has {name} that are no domains in lower-case letters")
    return words


def read_words(
    text: str, name: str, shape: re.Pattern[str] | None = _WORD
) -> tuple[str, ...]:
    """Read words, sorted, each once, with a space between.

    Raises:
        MalformedError: They are spelt in another way.
    """
    words = text.split(" ") if text else []
    if words != sorted(set(words)) or not all(words):
        raise invalid(f"has {name} that are not sorted, with one space between")
    if shape is not None and not all(map(shape.fullmatch, words)):
        raise invalid(f"has {name} with other signs than theirs")
    return tuple(words)


def format_words(words: Iterable[str]) -> str:
    """Write names in their one spelling: sorted, each once, a space between."""
    return " ".join(sorted(set(words)))
