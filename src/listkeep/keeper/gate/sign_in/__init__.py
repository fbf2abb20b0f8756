"""Who is calling: passkeys sign people in, sessions carry them from there."""
