"""New people: in the demo profile they get a software passkey in a file."""

from listkeep.core.errors import RefusedError

from .home import Instance
from .output import note
from .sessions import require_name


def describe_new_person(name: str, *, role: str, team: str = "") -> dict[str, str]:
    """Describe somebody to be enrolled, making the passkey if there is none yet.

    Raises:
        RefusedError: The instance takes hardware passkeys only.
        WrongUsage: The name cannot be a person's.
    """
    instance = Instance.open()
    require_name(name)
    if instance.config.profile != "demo":
        raise RefusedError(
            "a passkey needs a hardware attestation outside the demo profile",
            hint="enrolment of hardware passkeys comes with the signing pages",
        )
    from listkeep.drill.people import SoftwarePerson  # noqa: PLC0415

    if (instance.people / f"{name}.json").exists():
        person = SoftwarePerson.load(instance.people, name)
    else:
        person = SoftwarePerson.create(instance.people, name)
        note(f"made a software passkey for {name}: whoever can read its file is {name}")
    return person.subject(keeper=instance.config.keeper, role=role, team=team)
