"""How people come in: an instance is founded, links are followed, keys are proven."""
