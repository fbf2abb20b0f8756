"""Who may do what: registry, passkeys, sessions, requests, budgets, freezes."""
