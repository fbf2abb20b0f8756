"""Django models in SQLite: plain, or with one of two libraries of encrypted fields."""

import csv
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

_AT_ONCE = 1000
_LOOK_UPS = 200


def main() -> None:
    """Do what the command line says, and print how many were done a second."""
    way, action, folder, count = sys.argv[1:]
    model = _prepare(way, Path(folder))
    done, seconds = _ACTIONS[action](model, way, Path(folder) / "rows.csv", int(count))
    sys.stdout.write(f"{done / seconds}\n")


def _prepare(way: str, folder: Path) -> Any:
    from django.conf import settings  # noqa: PLC0415 - of this program's environment

    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / f"{way}.sqlite3",
                "OPTIONS": {
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                },
            }
        },
        SECRET_KEY="a key of the bench",  # noqa: S106 - nothing is kept under it
        SALT_KEY="a salt of the bench",
        FIELD_ENCRYPTION_KEYS=["f" * 64],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    import django  # noqa: PLC0415

    django.setup()
    return _model(way)


def _model(way: str) -> Any:
    from django.db import models  # noqa: PLC0415

    columns: dict[str, Any]
    if way == "plain":
        columns = {
            "address": models.EmailField(unique=True),
            "row": models.TextField(),
        }
    else:
        place = ".fields" if way == "searchable" else ""
        fields = import_module(f"encrypted_fields{place}")
        columns = {
            "address": fields.EncryptedEmailField(),
            "row": fields.EncryptedTextField(),
        }
        if way == "searchable":
            columns["sealed"] = fields.EncryptedEmailField()
            columns["address"] = fields.SearchField(
                hash_key="e" * 64, encrypted_field_name="sealed", unique=True
            )
    meta = type("Meta", (), {"app_label": "bench", "db_table": "entry"})
    return type(
        "Entry", (models.Model,), {**columns, "Meta": meta, "__module__": __name__}
    )


def _import(model: Any, _way: str, file: Path, count: int) -> tuple[int, float]:
    from django.db import connection, transaction  # noqa: PLC0415

    with connection.schema_editor() as editor:
        if model._meta.db_table in connection.introspection.table_names():  # noqa: SLF001
            editor.delete_model(model)
        editor.create_model(model)
    started = time.perf_counter()
    with transaction.atomic():
        rows = [model(address=row[0], row=",".join(row)) for row in _read(file, count)]
        model.objects.bulk_create(rows, batch_size=_AT_ONCE)
    return len(rows), time.perf_counter() - started


def _open(model: Any, _way: str, _file: Path, _count: int) -> tuple[int, float]:
    started = time.perf_counter()
    done = sum(bool(entry.row) for entry in model.objects.iterator(chunk_size=_AT_ONCE))
    return done, time.perf_counter() - started


def _look_up(model: Any, _way: str, file: Path, count: int) -> tuple[int, float]:
    step = max(1, count // _LOOK_UPS)
    wanted = [row[0] for row in _read(file, count)][::step]
    started = time.perf_counter()
    for address in wanted:
        model.objects.get(address=address)
    return len(wanted), time.perf_counter() - started


def _read(file: Path, count: int) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return [row for _, row in zip(range(count), csv.reader(text), strict=False)]


_ACTIONS: dict[str, Callable[[Any, str, Path, int], tuple[int, float]]] = {
    "import": _import,
    "open": _open,
    "lookup": _look_up,
}

if __name__ == "__main__":
    main()
