"""The people of the grants' tests, and terms for them to sign."""

from datetime import UTC, datetime, timedelta

from listkeep.core.grants import Action, Role, Signer, Terms

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ACME, OTHER, OPERATOR = "t_acme", "t_other", ""


def person(name: str, tenant: str, role: Role, team: str = "") -> Signer:
    return Signer(person=f"p_{name}", tenant=tenant, roles=frozenset({role}), team=team)


ADA = person("ada", ACME, Role.OWNER)
AMIR = person("amir", ACME, Role.OWNER)
AYA = person("aya", ACME, Role.OWNER)
BEN = person("ben", ACME, Role.MARKETER)
IVAN = person("ivan", ACME, Role.MARKETER)
CLEO = person("cleo", OPERATOR, Role.CUSTODIAN)
CYRUS = person("cyrus", OPERATOR, Role.CUSTODIAN)
CARA = person("cara", OPERATOR, Role.CUSTODIAN)
SAM = person("sam", OPERATOR, Role.SUPPORT)
EVE = person("eve", OTHER, Role.OWNER)


def make_terms(
    action: Action = Action.EXPORT,
    *,
    tenant: str = ACME,
    cap: int = 1,
    purpose: str = "spring mailing",
    selection: str = "all",
    subject: str = "",
    not_before: datetime = NOON,
    expires: datetime = NOON + timedelta(days=7),
) -> Terms:
    return Terms(
        keeper="k_demo",
        action=action,
        tenant=tenant,
        list="l_spring",
        selection=selection,
        cap=cap,
        purpose=purpose,
        recipient="c_printer",
        subject=subject,
        not_before=not_before,
        expires=expires,
        nonce="00ff",
        facts="aa55",
    )
