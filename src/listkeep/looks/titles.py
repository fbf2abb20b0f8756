"""Subject lines as people read them: the console shows them, and reads no mail."""

from listkeep.core.mail.declared import BETWEEN_TITLES
from listkeep.core.mail.slots import headline

__all__ = ["BETWEEN_TITLES", "headline"]
