"""Key providers and the key store, kept apart from every database."""

from .provider import FileProvider, KeyProvider
from .store import KeyStore, Mark

__all__ = ["FileProvider", "KeyProvider", "KeyStore", "Mark"]
