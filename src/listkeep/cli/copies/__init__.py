"""What a backup consists of, how it is told from a bent one, and how it is put back."""
