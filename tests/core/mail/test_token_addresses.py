import pytest

from listkeep.core.addresses import PROVIDER_BUCKETS
from listkeep.core.errors import MalformedError
from listkeep.core.mail.token_addresses import (
    OTHER_BUCKET,
    TokenAddress,
    find_bucket,
    format_token_address,
    format_token_ending,
    parse_token_address,
)

TOKEN = "abcdefghijklmnopqrstuvwxy2"
DOMAIN = "tok.example.com"


def test_every_bucket_survives_the_journey() -> None:
    for bucket in range(len(PROVIDER_BUCKETS)):
        address = TokenAddress(TOKEN, bucket)

        text = format_token_address(address, token_domain=DOMAIN)

        assert text == f"{TOKEN}@p{bucket}.{DOMAIN}"
        assert parse_token_address(text.upper(), token_domain=DOMAIN) == address


def test_a_provider_is_found_by_name_and_everything_else_is_other() -> None:
    assert find_bucket("gmail") == 0
    for strange in ("nobody", "", None, 3, True):
        assert find_bucket(strange) == OTHER_BUCKET
    assert PROVIDER_BUCKETS[OTHER_BUCKET] == "other"


@pytest.mark.parametrize("bucket", [-1, len(PROVIDER_BUCKETS)])
def test_there_are_no_other_buckets(bucket: int) -> None:
    with pytest.raises(MalformedError):
        format_token_ending(bucket, token_domain=DOMAIN)
    with pytest.raises(MalformedError):
        parse_token_address(f"{TOKEN}@p{bucket}.{DOMAIN}", token_domain=DOMAIN)


@pytest.mark.parametrize("domain", ["", "tok", "Tok.example.com", "a b.example", "-.x"])
def test_a_domain_that_is_none_is_refused(domain: str) -> None:
    with pytest.raises(MalformedError):
        format_token_ending(0, token_domain=domain)


@pytest.mark.parametrize("token", ["", TOKEN[1:], TOKEN + "a", TOKEN[:-1] + "1"])
def test_what_is_no_token_has_no_address(token: str) -> None:
    with pytest.raises(MalformedError):
        format_token_address(TokenAddress(token, 0), token_domain=DOMAIN)
    with pytest.raises(MalformedError):
        parse_token_address(f"{token}@p0.{DOMAIN}", token_domain=DOMAIN)


@pytest.mark.parametrize(
    "domain", [DOMAIN, f"p0.{DOMAIN}.example.net", f"p00.{DOMAIN}", "p0.example.com"]
)
def test_another_domain_is_not_ours(domain: str) -> None:
    with pytest.raises(MalformedError):
        parse_token_address(f"{TOKEN}@{domain}", token_domain=DOMAIN)
