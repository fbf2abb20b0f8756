"""The console as a Django project: settings, addresses, start."""
