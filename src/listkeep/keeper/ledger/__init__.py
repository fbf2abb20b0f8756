"""The append-only record: tables and the service that writes them."""
