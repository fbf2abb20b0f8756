"""New people: in the demo profile they get a software passkey in a file."""

from typing import TYPE_CHECKING

from listkeep.cli.home import Instance
from listkeep.cli.output import note
from listkeep.cli.sessions import require_name
from listkeep.core.errors import RefusedError

if TYPE_CHECKING:
    from listkeep.drill.people import SoftwarePerson


def meet_new_person(name: str) -> "SoftwarePerson":
    """Find the passkey of somebody to be enrolled, or make it if there is none yet.

    Raises:
        RefusedError: The instance takes hardware passkeys only.
        WrongUsage: The name cannot be a person's.
    """
    instance = Instance.open()
    require_name(name)
    if instance.config.profile != "demo":
        raise RefusedError(
            "a passkey needs an attestation outside the demo profile",
            hint="invite the person on the keeper's pages",
        )
    from listkeep.drill.people import SoftwarePerson  # noqa: PLC0415

    if (instance.people / f"{name}.json").exists():
        return SoftwarePerson.load(instance.people, name)
    person = SoftwarePerson.create(instance.people, name)
    note(f"made a software passkey for {name}: whoever can read its file is {name}")
    return person
