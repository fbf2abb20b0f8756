"""What services may do, by their kind."""

SERVICE_RIGHTS = {
    "app": ("view", "touch"),
    "intake": ("touch",),
    "mta": ("send",),
}
