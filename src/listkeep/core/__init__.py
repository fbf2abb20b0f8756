"""Pure rooms: values in, values out. No clock, no randomness, no disk, no network."""
