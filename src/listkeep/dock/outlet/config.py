"""What the section ``[outlet]`` of `dock.toml` may say; each text is a manual.

Mail comes in here and goes out by routes that were enrolled; nothing in this file
could name another way out.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from listkeep.core.errors import Code, MalformedError
from listkeep.wire.config import Config

MAX_PROCESSES = 64


class Endpoint(NamedTuple):
    """An address of this machine, and a port."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether nobody outside of this machine can connect."""
        return ipaddress.ip_address(self.host).is_loopback


class OutletConfig(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the delivery proxy. Paths are relative to ``LISTKEEP_HOME``."""

    listen: str = ""
    """``ADDRESS:PORT`` where mail servers hand mail over. Empty: there is no proxy."""

    certificate: str = ""
    """PEM file with the certificate for STARTTLS. Without it: loopback only."""

    private_key: str = ""
    """PEM file with its key; mode 0600."""

    hostname: str = ""
    """Name in the greeting, and towards other mail servers. Empty: the machine's."""

    processes: int = 1
    """How many processes share the port."""

    max_connections: int = 200
    """How many connections a process serves at once; more are told to come later."""

    resolver: str = ""
    """``ADDRESS:PORT`` of the DNS resolver. Empty: those of /etc/resolv.conf."""

    ca_file: str = ""
    """PEM file with the authorities that are trusted. Empty: the machine's."""

    returns_listen: str = ""
    """``ADDRESS:PORT`` where mail comes back. Empty: nothing is taken back."""

    logins: dict[str, str] = {}  # noqa: RUF012 - each gets its own
    """By ``HOST:PORT`` of a smart host, a file with name and password; mode 0600."""

    private_targets: bool = False
    """Let mail for domains of the world go to mail servers inside the own network."""

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            MalformedError: Not an address, or a network without a certificate.
        """
        if bool(self.certificate) != bool(self.private_key):
            raise _contradiction("certificate and private_key belong together")
        if self.listen:
            self._require_wall(parse_endpoint(self.listen))
        if self.resolver:
            parse_endpoint(self.resolver)
        if self.returns_listen:
            self._require_proxy(parse_endpoint(self.returns_listen))
        for place, name in self.logins.items():
            _require_login(place, name)
        if not 1 <= self.processes <= MAX_PROCESSES:
            raise _contradiction(f"processes is 1 to {MAX_PROCESSES}")
        if self.max_connections < 1:
            raise _contradiction("max_connections is at least 1")

    def _require_proxy(self, endpoint: Endpoint) -> None:
        """Anybody may bring mail back, so there is no wall; but who would take it?"""
        if not self.listen:
            raise _contradiction("returns_listen is served by the proxy: set listen")
        if endpoint == parse_endpoint(self.listen):
            raise _contradiction("returns_listen and listen are two addresses")

    def _require_wall(self, endpoint: Endpoint) -> None:
        if not endpoint.is_loopback and not self.certificate:
            raise _contradiction(
                "mail servers on other machines need certificate and private_key"
            )


def read_outlet(section: Mapping[str, Any]) -> OutletConfig:
    """Read the section.

    Raises:
        MalformedError: An unknown key, a wrong type, or a contradiction.
    """
    try:
        return msgspec.convert(dict(section), OutletConfig)
    except msgspec.ValidationError as error:
        raise MalformedError(
            f"dock.toml, section outlet, cannot be used: {error}",
            code=Code.CONFIG_INVALID,
            hint="compare it with docs/configuration.md",
        ) from error


def parse_endpoint(text: str) -> Endpoint:
    """Read ``ADDRESS:PORT``; an IPv6 address stands in brackets.

    Raises:
        MalformedError: It is something else.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise _not_an_endpoint() from error
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise _not_an_endpoint()
    return Endpoint(host, int(port))


def _require_login(place: str, name: str) -> None:
    host, _, port = place.rpartition(":")
    if not (host and name and port.isascii() and port.isdecimal()):
        raise _contradiction(
            'a log-in is written as in "relay.example.com:587" = "relay.login"'
        )


def _not_an_endpoint() -> MalformedError:
    return _contradiction('an address is written as in "127.0.0.1:2525"')


def _contradiction(fault: str) -> MalformedError:
    return MalformedError(
        "dock.toml, section outlet, contradicts itself",
        code=Code.CONFIG_INVALID,
        hint=fault,
    )
