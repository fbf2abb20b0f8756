"""The dock: parses what comes from outside, stores sealed rows, holds no key."""
