"""Where a signature may be made: on the keeper's page, and on a command line if set."""

import json

from django.conf import settings

from listkeep.core.errors import RefusedError
from listkeep.wire import messages as m

_CLI = "listkeep-cli:"  # the genesis names the whole origin; see ``genesis.cli_origin``


def require_may_sign_here(assertion: m.Assertion) -> None:
    """Refuse what was signed outside a browser, where that is switched off.

    To be asked once the assertion is verified: its client data is JSON by then, and
    its origin one of the keeper's. What stands in the ledger already is not judged
    by this.

    Raises:
        RefusedError: It was signed on a command line.
    """
    origin: str = json.loads(assertion.client_data)["origin"]
    if origin.startswith(_CLI) and not settings.CONFIG.cli_signing:
        raise RefusedError(
            "signing on the command line is switched off here",
            hint="sign on the keeper's page",
        )
