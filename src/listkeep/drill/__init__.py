"""Rehearse: synthetic audiences, and replays of thefts through the front doors."""
