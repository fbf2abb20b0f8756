"""The two demos: the story told in the terminal, and the instance that stays."""
