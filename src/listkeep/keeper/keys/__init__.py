"""Key providers and the key store, kept apart from every database."""

from .file_root import FileProvider
from .provider import KeyProvider
from .roots import Roots
from .store import KeyStore, Mark

__all__ = ["FileProvider", "KeyProvider", "KeyStore", "Mark", "Roots"]
