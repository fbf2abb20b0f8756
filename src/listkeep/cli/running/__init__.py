"""How an instance runs on this machine: its processes, their walls, one at a time."""
