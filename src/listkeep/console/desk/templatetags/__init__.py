"""Words and small pictures that templates use."""
