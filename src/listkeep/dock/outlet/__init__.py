"""Where answers go out: tokens, counts, status, look-ups and export runs."""
