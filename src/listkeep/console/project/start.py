"""Before the console serves anything: does it have what it needs?"""

from listkeep.console.web.assets import assets
from listkeep.console.web.ways import service_key


def check_instance() -> None:
    """Check the files of the pages and the key.

    Raises:
        MalformedError: There is no key.
        VerificationError: A file of the pages is not the one that was shipped.
    """
    assets()
    service_key()
