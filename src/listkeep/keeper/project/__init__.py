"""The keeper as a Django project: settings, routes, errors at the edge."""
