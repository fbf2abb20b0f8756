"""Small policy texts."""

EVERYTHING = '@id("all") @says("everything") permit (principal, action, resource);\n'


def forbid(name: str, action: str = "action", when: str = "true") -> str:
    return f"""
@id("{name}") @says("{name}")
forbid (principal, {action}, resource)
when {{ {when} }};
"""


def permit(name: str, action: str = "action", when: str = "true") -> str:
    return forbid(name, action, when).replace("forbid (", "permit (")
