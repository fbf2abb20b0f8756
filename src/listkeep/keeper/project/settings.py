"""Settings of the keeper, fed by ``keeper.toml`` in the instance's home."""

import re
import secrets

from listkeep.core.errors import Code, MalformedError
from listkeep.wire.config import Config, instance_home, read_config

from .database import database_settings

_ORIGIN = re.compile(r"(https?)://([a-z0-9]+(?:[.-][a-z0-9]+)*)(?::([1-9][0-9]{0,4}))?")


class KeeperConfig(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``keeper.toml``. Paths are relative to the instance's home."""

    socket: str = "keeper.sock"
    """Where the keeper listens. Whoever can connect can speak to it."""

    keys: str = "keys"
    """The key store. Back it up apart from the databases."""

    root: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    """The root key, which wraps all others; a section. Empty: a file among the keys."""

    next_root: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    """Where `listkeep keys rotate-root` takes the root; a section of the same kind."""

    spool: str = "spool"
    """Finished exports that were not delivered yet, and what sends have counted."""

    database: str = "keeper.sqlite3"
    """The ledger's database: a file, or ``postgresql://user@host/name``."""

    threads: int = 4
    """How many calls are served at once."""

    seal_origin: str = "http://seal.localhost:8471"
    """Where people sign; the origin in the genesis, to the letter."""

    seal_port: int = 0
    """Where the pages listen on 127.0.0.1; 0: the port of seal_origin."""

    drop_origin: str = "http://drop.localhost:8480"
    """Where the dock's pages are; sign-ins for it return there and nowhere else."""

    app_origin: str = ""
    """Where the console's pages are; empty: there is no console."""

    attestation_aaguids: list[str] = []  # noqa: RUF012 - msgspec copies it
    """Models of authenticators that count as hardware in the production profile."""

    cli_signing: bool = True
    """Whether statements signed on a command line count, besides the keeper's page."""

    scrub_days: int = 7
    """How often the dock looks each list over; a list left out for two is told of."""

    key_renew_days: int = 30
    """How old the dock lets a list's key get; a week later it is told of."""

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            MalformedError: Fewer than one thread, a database among the keys, or an
                origin that browsers would spell otherwise.
        """
        if not _ORIGIN.fullmatch(self.seal_origin):
            raise MalformedError(
                "seal_origin in keeper.toml is not an origin",
                code=Code.CONFIG_INVALID,
                hint='as in "https://seal.example.com": lower case, no path, no slash',
            )
        least = min(self.threads, self.scrub_days, self.key_renew_days)
        if least < 1 or self.database.startswith(f"{self.keys}/"):
            raise MalformedError(
                "keeper.toml contradicts itself",
                code=Code.CONFIG_INVALID,
                hint="threads, scrub_days, key_renew_days >= 1; the database is not in "
                "the key store",
            )

    @property
    def listens_on(self) -> int:
        """The port on 127.0.0.1 where the pages answer."""
        scheme, _, port = _ORIGIN.fullmatch(self.seal_origin).groups()  # type: ignore[union-attr]
        return self.seal_port or int(port or (443 if scheme == "https" else 80))


HOME = instance_home()
KEEPER_TOML = HOME / "keeper.toml"
CONFIG = read_config(KEEPER_TOML, KeeperConfig)
KEY_STORE = HOME / CONFIG.keys
SPOOL = HOME / CONFIG.spool
SOCKET = HOME / CONFIG.socket
DEMO_FILE = HOME / "demo" / "browser.json"  # of profile demo alone
SEAL_ORIGIN = CONFIG.seal_origin
SCRUB_DAYS = CONFIG.scrub_days
KEY_RENEW_DAYS = CONFIG.key_renew_days
ATTESTATION_AAGUIDS = CONFIG.attestation_aaguids

SECRET_KEY = secrets.token_urlsafe(32)  # Django signs nothing here
DEBUG = False
ALLOWED_HOSTS = ["keeper"]
ROOT_URLCONF = "listkeep.keeper.project.urls"
WSGI_APPLICATION = "listkeep.keeper.project.wsgi.application"
INSTALLED_APPS = ["listkeep.keeper.ledger", "listkeep.keeper.gate"]
MIDDLEWARE = ["listkeep.keeper.project.problems.ProblemMiddleware"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024  # one batch; exports are streamed
LOGGING_CONFIG = None  # the serve command sets up logging

DATABASES = {"default": database_settings(CONFIG.database, home=HOME)}
