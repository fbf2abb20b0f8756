"""The delivery proxy as it is, but for signing: ``python -m bench.mailing.unsigned``.

A send is always signed by its sending domain, so what the rest costs is measured apart.
"""

import os


async def _as_it_is(_deliverer: object, built: object, _send: object) -> object:
    return built


def main() -> None:
    """Serve where dock.toml says."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "listkeep.dock.project.settings"
    import django  # noqa: PLC0415

    django.setup()
    from listkeep.dock.outlet.delivery.delivering import Deliverer  # noqa: PLC0415
    from listkeep.dock.project.proxy import check_proxy, run_proxy  # noqa: PLC0415

    setattr(Deliverer, "_sign", _as_it_is)  # noqa: B010 - a method of ours is replaced
    run_proxy(check_proxy(), stop=lambda: False)


if __name__ == "__main__":
    main()
