"""The provider named ``aws-kms``: the root is a key in AWS KMS.

The only way out the keeper ever takes, and only where keeper.toml asks for it. The key
id is the encryption context, so it stands in the account's own audit log, and a
wrapped key put under another name does not unwrap. Credentials come from where the
AWS libraries look for them, never from keeper.toml.
"""

from functools import cached_property
from typing import Any

from listkeep.core.errors import Code, UnavailableError

from .provider import TRIAL, WrongKeyError, away, try_out

_CONTEXT = "listkeep-key"
_SECONDS = 3
_WRONG = frozenset(
    {"InvalidCiphertextException", "IncorrectKeyException", "ValidationException"}
)
_DENIED = "AccessDeniedException"


class _AwayError(UnavailableError):
    """KMS cannot be used now."""

    def __init__(self) -> None:
        super().__init__(
            "AWS KMS does not unwrap or wrap keys now",
            code=Code.KEY_UNAVAILABLE,
            hint="is it reachable, do the credentials and the key's policy permit it, "
            "and is the key enabled?",
        )


class _DeniedError(_AwayError):
    """KMS lets us not do that, or knows no such key."""


class KmsRoot:
    """A symmetric key that KMS uses for us and does not give out."""

    def __init__(self, *, key: str, region: str, endpoint: str) -> None:
        """Say which; it is called when a key is used."""
        self._key, self._region, self._endpoint = key, region, endpoint

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        """Have KMS wrap a key."""
        answer = self._ask("encrypt", Plaintext=key, EncryptionContext=_about(key_id))
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        """Have KMS unwrap a key.

        Raises:
            WrongKeyError: It was wrapped under another root or id, or changed.
            UnavailableError: KMS does not answer, or does not let us.
        """
        if not wrapped:  # the library would refuse it in its own words
            raise WrongKeyError
        try:
            answer = self._ask(
                "decrypt", CiphertextBlob=wrapped, EncryptionContext=_about(key_id)
            )
        except _DeniedError as error:
            # KMS says so of a key it does not know as well: it tells nobody which
            # there are. Where we may unwrap our own, it is not one of our own.
            if key_id == TRIAL:
                raise
            self.health()
            raise WrongKeyError from error
        return bytes(answer["Plaintext"])

    def health(self) -> None:
        """Wrap and unwrap once."""
        try_out(self)

    def make(self) -> None:
        """See that the key is there: it is made where access to it is decided."""
        self.health()

    def retire(self) -> str:
        """Leave the end of the key to the account that owns it."""
        return "schedule the deletion of the old key in AWS KMS"

    def _ask(self, what: str, **facts: Any) -> dict[str, Any]:
        client = self._client
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            answer: dict[str, Any] = getattr(client, what)(KeyId=self._key, **facts)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if what == "decrypt" and code in _WRONG:
                raise WrongKeyError from error
            raise (_DeniedError if code == _DENIED else _AwayError) from error
        except (BotoCoreError, ValueError) as error:
            raise _AwayError from error
        return answer

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3  # noqa: PLC0415 - an extra, which brings an HTTP client
            from botocore.config import Config  # noqa: PLC0415
        except ImportError as error:
            raise away("AWS KMS needs another library", "install listkeep[aws]") from (
                error
            )
        return boto3.session.Session().client(
            "kms",
            region_name=self._region,
            endpoint_url=self._endpoint or None,
            config=Config(
                connect_timeout=_SECONDS,
                read_timeout=_SECONDS,
                retries={"mode": "standard", "total_max_attempts": 2},
            ),
        )


def _about(key_id: str) -> dict[str, str]:
    return {_CONTEXT: key_id}
