"""The dock as a Django project: settings, doors, problems, logs, start."""
