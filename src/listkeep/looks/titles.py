"""Subject lines as people read them: the console shows them, and reads no mail."""

from listkeep.core.mail.slots import headline

__all__ = ["headline"]
