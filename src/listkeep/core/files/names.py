"""Names of columns, reduced to what makes them recognizable."""

import re
import unicodedata


def field_stem(column: str) -> str:
    """Write a column's name with ``[a-z0-9_]`` alone."""
    plain = unicodedata.normalize("NFKD", column.replace("ß", "ss"))
    ascii_only = plain.encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "_", ascii_only).strip("_")


def column_key(column: str) -> str:
    """Reduce a name to its letters and digits."""
    return field_stem(column).replace("_", "") or column.strip().casefold()
