"""Key providers and the key store, kept apart from every database."""

from .copies import Content, Copy, name_copy, seal_copy
from .file_root import AesProvider, FileProvider
from .mail_keys import make_mail_keys, sign_digest
from .provider import KEY_BYTES, KeyProvider
from .roots import Roots
from .shares import Share
from .store import KeyStore, Mark

__all__ = [
    "KEY_BYTES",
    "AesProvider",
    "Content",
    "Copy",
    "FileProvider",
    "KeyProvider",
    "KeyStore",
    "Mark",
    "Roots",
    "Share",
    "make_mail_keys",
    "name_copy",
    "seal_copy",
    "sign_digest",
]
