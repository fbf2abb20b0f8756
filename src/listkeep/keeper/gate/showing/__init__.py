"""What people are shown and told: entries, notices, rows of the registry."""
