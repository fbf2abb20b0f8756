"""Requests: the keeper writes the terms, people sign them, the policy decides."""
