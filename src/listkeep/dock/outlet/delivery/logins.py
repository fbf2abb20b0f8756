"""Names and passwords at smart hosts: read for each connection, said over TLS only.

Each is a file of two lines, a name and a password, that nobody else may read. A new
password needs no restart. What a smart host says to it is not repeated: some of them
say the name back.
"""

from base64 import b64encode
from pathlib import Path
from typing import Final, NamedTuple

from aiosmtplib import SMTP

from listkeep.core.errors import Code, MalformedError

from .trust import Requirement

_MAX_BYTES: Final = 4096
_TAKEN, _GO_ON = 235, 334


class LoginError(Exception):
    """A smart host could not be logged in at; the reply is ours."""

    def __init__(self, reply: str, *, is_refused: bool = False) -> None:
        """Say whether the smart host refused these very words."""
        super().__init__(reply)
        self.reply = reply
        self.is_refused = is_refused


class Login(NamedTuple):
    """What a smart host is told. It is in no text of ours."""

    name: str
    password: str

    def __repr__(self) -> str:
        """Tell nothing."""
        return "Login(…)"


def read_login(path: Path) -> Login:
    """Read a name and a password.

    Raises:
        MalformedError: The file is missing, is another, or others may read it.
    """
    try:
        is_private = not path.stat().st_mode & 0o077
        with path.open("rb") as file:
            lines = file.read(_MAX_BYTES).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        is_private, lines = True, []
    found = [line.strip() for line in lines if line.strip()]
    if len(found) != 2 or "\0" in "".join(found):
        raise _unusable(path, "is missing, unreadable, or not two lines")
    if not is_private:
        raise _unusable(path, "may be read by others")
    return Login(*found)


async def log_in(client: SMTP, path: Path, *, requirement: Requirement) -> None:
    """Log in at a smart host that has shown who it is (RFC 4954).

    Raises:
        LoginError: The file will not do, or the smart host does not take it.
    """
    if not requirement.needs_tls or client.get_transport_info("ssl_object") is None:
        raise LoginError("451 4.7.5 listkeep: a password is said over TLS only")
    try:
        login = read_login(path)
    except MalformedError as error:
        raise LoginError(f"451 4.7.8 listkeep: {error.message}") from error
    methods = client.esmtp_extensions.get("auth", "").upper().split()
    if "PLAIN" in methods:
        code = await _plain(client, login)
    elif "LOGIN" in methods:
        code = await _login(client, login)
    else:
        raise LoginError("451 4.7.8 listkeep: the smart host takes no password")
    if code == _TAKEN:
        return
    if code // 100 == 4:
        raise LoginError("451 4.7.0 listkeep: the smart host takes no log-in now")
    raise LoginError(
        "451 4.7.8 listkeep: the smart host refused name or password; put the right "
        "ones into the file that `logins` in dock.toml names",
        is_refused=True,
    )


async def _plain(client: SMTP, login: Login) -> int:
    words = b64encode(f"\0{login.name}\0{login.password}".encode())
    code, _ = await client.execute_command(b"AUTH", b"PLAIN", words)
    return code


async def _login(client: SMTP, login: Login) -> int:
    """Say name and password by themselves, as hosts want it that know no PLAIN."""
    code, _ = await client.execute_command(b"AUTH", b"LOGIN")
    for word in login:
        if code != _GO_ON:
            return code
        code, _ = await client.execute_command(b64encode(word.encode()))
    return code


def _unusable(path: Path, fault: str) -> MalformedError:
    return MalformedError(
        f"the log-in for a smart host, {path.name}, {fault}",
        code=Code.CONFIG_INVALID,
        hint="a line with the name and one with the password, mode 0600",
    )
