"""What the tests say of a way out, a sending domain and a send, as terms have it."""

ROUTE, DOMAIN = "x_routerouterw", "m_domaindomain"
TEMPLATE = "ab" * 32
LISTED = "news.example"


def route_subject(**changes: str) -> dict[str, str]:
    return {
        "id": ROUTE,
        "name": "relay",
        "kind": "smart-host",
        "host": "relay.example.com",
        "port": "587",
        "tls": "web",
        "tenant": "",
        "sources": "",
        "mail_domain": "bounce.example.com",
        "token_domain": "tok.example.com",
        **changes,
    }


def domain_subject(**changes: str) -> dict[str, str]:
    return {
        "id": DOMAIN,
        "name": LISTED,
        "selector": "lk1",
        "algorithms": "ed25519 rsa",
        **changes,
    }


def send_subject(**changes: str) -> dict[str, str]:
    """What a person writes; the keeper adds the route's domain of return addresses."""
    return {
        "kind": "campaign",
        "templates": TEMPLATE,
        "from": f"News <news@{LISTED}>",
        "reply_to": "",
        "title": "Spring",
        "links": "shop.example.com",
        "tracking": "",
        "fields": "",
        "pace": "0",
        **changes,
    }


def as_standing(**changes: str) -> dict[str, str]:
    """What else is said of a standing send."""
    return {
        "kind": "standing",
        "pace": "600",
        "triggers": "basket welcome",
        **changes,
    }
