"""The file of passkeys that `listkeep demo --keep` leaves, in profile ``demo`` alone.

Whoever has the link to it gets them, and a script of the pages signs with them what it
would otherwise ask a passkey for. That such a signature counts is said by the genesis:
an instance of another profile has no such page, no such script, and refuses each key it
would have given out.
"""

import hashlib
import hmac
from typing import Annotated, Final

import msgspec
from django.conf import settings

from listkeep.core.errors import Code, ListkeepError, RefusedError
from listkeep.core.registry.keyring import DEMO
from listkeep.keeper.gate.endpoint import open_gate

SCRIPT: Final = "demo.js"
_Text = Annotated[str, msgspec.Meta(max_length=500)]


class DemoPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody one can be, and the passkey for that: PKCS #8 in base64url."""

    name: _Text
    role: _Text
    about: _Text
    credential: _Text
    key: _Text


class DemoFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one can be, what verifies the link, and what there is to try with."""

    verifier: str
    people: tuple[DemoPerson, ...]
    file: str
    letter: str

    def require_link(self, link: str) -> None:
        """Require the link that the file was made for.

        Raises:
            RefusedError: It is another one.
        """
        verifier = hashlib.sha256(link.encode()).hexdigest()
        if not hmac.compare_digest(verifier.encode(), self.verifier.encode()):
            raise RefusedError("this is not the link", code=Code.NOT_PERMITTED)


def read_demo() -> DemoFile | None:
    """Read the file of a demo; none where there is none, or it is nobody's to use.

    The profile is what the ledger says, whatever lies on the disk.
    """
    try:
        data = settings.DEMO_FILE.read_bytes()
        found = msgspec.json.decode(data, type=DemoFile)
        with open_gate().look() as registry:
            return found if registry.profile == DEMO else None
    except (OSError, msgspec.MsgspecError, ListkeepError):
        return None
