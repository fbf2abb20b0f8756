"""The story the demo tells: a list goes in, work is done, thieves try."""

import csv
import io
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyrage

from listkeep.cli.home import Instance
from listkeep.cli.running.locks import find_free_port
from listkeep.cli.running.supervisor import BUILDINGS, WORKER, Supervisor
from listkeep.core.errors import ListkeepError
from listkeep.core.grants import Budget
from listkeep.drill.audience import SampleAudience
from listkeep.drill.breach import (
    FOOTHOLDS,
    INSIDER,
    Stolen,
    count_revealed,
    play_thieves,
)
from listkeep.drill.loot import Loot
from listkeep.drill.scene import Scene
from listkeep.drill.stage import Stage
from listkeep.wire.keeper import KeeperClient

from .narrator import Narrator
from .story_mail import OUTLET, Campaign

MARKER_FILE = "demo/story"
_CUSTODIANS = ("cleo", "cyrus")
_OWNERS = ("ada", "amir")
_PLANTED_SHARE = 100
_MOST_PLANTED = 500
_EXPORT_ROWS = 1000
_SEGMENT = 'country = "DE" and member_rating >= 3 and status = subscribed'
_FACETS = ("country:text", "language:text", "plan:text", "member_rating:int")
_REQUEST = re.compile(r"\br_[a-z2-7]{12}\b")


@dataclass
class Story:
    """One telling: what happened so far, and what is left to do."""

    home: Path
    folder: Path
    rows: int
    seed: int
    teller: Narrator
    started_at: float = field(default_factory=time.monotonic)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def _file(self) -> Path:
        return self.folder / "audience.csv"

    @property
    def _identity(self) -> Path:
        return self.folder / "warehouse.key"

    def tell(self) -> dict[str, Any]:
        """Run it from the first file to the last thief; returns the figures."""
        audience = self._write_file()
        self.teller.say("An instance: two people vouch for its beginning")
        port = str(find_free_port())
        self.teller.run(
            "init", "--custodian", "cleo", "--custodian", "cyrus", "--port", port
        )
        (self.home / MARKER_FILE).touch()
        with (self.home / "dock.toml").open("a") as settings:
            settings.write(f'{OUTLET}listen = "127.0.0.1:{find_free_port()}"\n')
        instance = Instance.open()
        buildings = (*BUILDINGS, WORKER)
        with Supervisor(instance, buildings), instance.keeper() as keeper:
            self.teller.note("keeper and dock run, as `listkeep up` would start them")
            stage = self._set_stage(instance, keeper)
            app_key = stage.add_service("shop", kind="app", by=_OWNERS)
            imported = self._import()
            self._look_as_app(instance, app_key)
            segment = self._count()
            revealed = self._reveal(audience)
            exported = self._export()
            scene = self._scene(instance, stage, audience)
            campaign = Campaign(self.teller, self.folder, _find_request, stage).tell(
                scene, instance, port=find_free_port()
            )
            entries, verified = self._verify()
            loot, told = self._thieves(keeper, stage, app_key, scene)
        self.seconds["total"] = round(time.monotonic() - self.started_at, 1)
        result = {
            **imported,
            "segment": segment,
            "revealed": revealed,
            "exported": exported,
            "campaign": campaign,
            "ledger": {"entries": entries, "verified": verified},
            "thieves": {name: len(each.found) for name, each in loot.items()},
            "insider_bound": Budget().of_an_hour(Budget().reveals),
            "insider_in_ledger": told,
            "seconds": self.seconds,
        }
        self._close(result)
        return result

    # --- chapters ---------------------------------------------------------------

    def _write_file(self) -> SampleAudience:
        planted = min(_MOST_PLANTED, self.rows // _PLANTED_SHARE)
        audience = SampleAudience(
            self.rows,
            self.seed,
            marker=f"zq{secrets.token_hex(4)}",
            planted=planted,
        )
        with self._file.open("wb") as out:
            out.writelines(audience)
        megabytes = self._file.stat().st_size / 1e6
        self.teller.say("A list, as a provider would get it")
        self.teller.note(
            f"audience.csv: {self.rows:,} rows, {megabytes:.1f} MB, with duplicates, "
            f"dirt and {planted} addresses we will look for everywhere"
        )
        return audience

    def _set_stage(self, instance: Instance, keeper: KeeperClient) -> Stage:
        """People and recipients: every change of authority takes two signatures."""
        self.teller.say("People: each change of authority is signed by two")
        stage = Stage(
            people=instance.people,
            keeper=keeper,
            dock_service=instance.config.dock_service,
        )
        for name in _CUSTODIANS:
            stage.enter(name)
        stage.sign_in(*_CUSTODIANS)
        stage.found_tenant("acme", custodians=_CUSTODIANS, owners=_OWNERS)
        self.teller.note("cleo and cyrus (custodians) add acme, of ada and amir")
        self.teller.note(
            f"they call both: ada's passkey is «{stage.people['ada'].words}»"
        )
        stage.sign_in(*_OWNERS)
        for name in ("ben", "ivan"):
            stage.hire(name, role="marketer", by=_OWNERS)
        stage.sign_in("ben", "ivan")
        self.teller.note("ada and amir add ben and ivan (marketers)")
        key = self.teller.run(
            "recipient", "key", str(self.folder / "warehouse.key")
        ).strip()
        stage.add_recipient("warehouse", key, by=_OWNERS)
        self.teller.note("ada and amir enrol a recipient of copies, and an app")
        for name in ("ada", "ben"):
            self.teller.run("login", "--as", name)
        return stage

    def _import(self) -> dict[str, int]:
        self.teller.say("The list goes in: addresses pass through, and stay nowhere")
        facets = [word for facet in _FACETS for word in ("--facet", facet)]
        self.teller.run("list", "create", "newsletter", *facets, "--as", "ada")
        asked = self.teller.run(
            *("request", "import", "newsletter", str(self._file)),
            *("--purpose", "spring audience", "--sign", "--as", "ada"),
        )
        started = time.monotonic()
        done = self.teller.read_json(
            *("import", "newsletter", str(self._file)),
            *("--request", _find_request(asked), "--json", "--as", "ben"),
        )
        self.seconds["import"] = round(time.monotonic() - started, 1)
        self.teller.note(
            f"{done['rows']:,} rows sealed and {done['rejected']:,} rejected "
            f"in {self.seconds['import']} s"
        )
        total = self.teller.read_json("count", "newsletter", "--json", "--as", "ben")
        return {
            "imported": done["rows"],
            "rejected": done["rejected"],
            "tokens": total["count"],
        }

    def _look_as_app(self, instance: Instance, app_key: str) -> None:
        """Show what the ESP's application holds instead of the list."""
        self.teller.say("What the application sees: tokens and facets")
        answer = httpx.get(
            f"{instance.config.dock}/v1/lists/newsletter/tokens?limit=3",
            headers={"authorization": f"Bearer {app_key}"},
        )
        answer.raise_for_status()
        self.teller.command(
            "curl …/v1/lists/newsletter/tokens?limit=3   # with the app's key"
        )
        for entry in answer.json()["entries"]:
            facets = ", ".join(f"{k} {v}" for k, v in entry["facets"].items())
            self.teller.note(f"{entry['token']}  {entry['status']}  {facets}")

    def _count(self) -> int:
        self.teller.say("Daily work needs no address: a segment is counted")
        words = ("count", "newsletter", "--segment", _SEGMENT, "--as", "ben")
        found: int = self.teller.read_json(*words, "--json")["count"]
        self.teller.note(f"{found:,} entries")
        return found

    def _reveal(self, audience: SampleAudience) -> int:
        self.teller.say("One complaint, one address: look it up, sign, see it")
        found = self.teller.read_json(
            *("lookup", "newsletter", "--json", "--as", "ben"),
            stdin=audience.planted_addresses[0],
        )
        self.teller.note(f"found as {found['token']}")
        asked = self.teller.run(
            *("request", "reveal", "newsletter", found["token"]),
            *("--purpose", "a complaint by phone", "--sign", "--as", "ben"),
        )
        opened = self.teller.read_json(
            "reveal", _find_request(asked), "--json", "--as", "ben"
        )
        for row in opened:
            self.teller.note(f"{row['address']}  (on ben's screen, and in the ledger)")
        return len(opened)

    def _export(self) -> int:
        self.teller.say("A copy leaves when two people signed, for one recipient only")
        started = time.monotonic()
        asked = self.teller.run(
            *("request", "export", "newsletter", "--segment", _SEGMENT),
            *("--rows", str(_EXPORT_ROWS), "--recipient", "warehouse"),
            *("--purpose", "postcards", "--sign", "--as", "ben"),
        )
        request = _find_request(asked)
        self.teller.run(
            *("approve", request, "--rows", str(_EXPORT_ROWS), "--yes", "--as", "ada")
        )
        target = self.folder / "postcards.csv.age"
        self.teller.run("export", request, "--output", str(target), "--as", "ben")
        self.seconds["export"] = round(time.monotonic() - started, 1)
        identity = self._identity.read_text()
        secret = next(
            line for line in identity.splitlines() if line.startswith("AGE-SECRET-KEY")
        )
        opened = pyrage.decrypt(
            target.read_bytes(), [pyrage.x25519.Identity.from_str(secret)]
        )
        rows = csv.reader(io.StringIO(opened.decode(), newline=""))
        count = sum(1 for _ in rows) - 1
        self.teller.note(f"the warehouse opens it with its key: {count:,} rows")
        return count

    def _verify(self) -> tuple[int, bool]:
        self.teller.say("Everything is recorded, and the record can be checked")
        found = self.teller.read_json("ledger", "verify", "--json", "--as", "ada")
        self.teller.note(f"{found['entries']} entries, verified: {found['verified']}")
        return found["entries"], found["verified"]

    def _scene(
        self, instance: Instance, stage: Stage, audience: SampleAudience
    ) -> Scene:
        return Scene(
            home=self.home,
            dock_url=instance.config.dock,
            keeper_socket=instance.socket,
            keeper=stage.keeper,
            list_name="newsletter",
            recipient="warehouse",
            planted=audience.planted_addresses,
            marker=audience.marker,
        )

    def _thieves(
        self, keeper: KeeperClient, stage: Stage, app_key: str, scene: Scene
    ) -> tuple[dict[str, Loot], int]:
        self.teller.say(
            f"Thieves, each looking for {len(scene.planted)} planted addresses"
        )
        insider = stage.people["ivan"]
        loot = play_thieves(
            scene,
            Stolen(
                session=stage.carried["ben"],
                app_key=app_key,
                insider=insider,
                insider_direct=stage.direct["ivan"],
                insider_carried=stage.carried["ivan"],
            ),
            told=self._tell_of,
        )
        told = count_revealed(keeper, stage.direct["ada"], person=insider.person)
        return loot, told

    def _tell_of(self, name: str, loot: Loot) -> None:
        refused = sum("refused" in each or ": 4" in each for each in loot.attempts)
        self.teller.note(
            f"{name:<10} {len(loot.found):>4} addresses   "
            f"{FOOTHOLDS[name]}; {loot.bytes / 1e6:.1f} MB, "
            f"{len(loot.attempts)} attempts, {refused} refused"
        )

    def _close(self, result: dict[str, Any]) -> None:
        verdict = "holds" if holds(result) else "DOES NOT HOLD"
        campaign = result["campaign"]
        self.teller.say(
            f"It {verdict}: the insider got {result['thieves'][INSIDER]} of at most "
            f"{result['insider_bound']} an hour, each in the ledger; the dock's host "
            f"the unspent cap of a live send, {campaign['dock_host']}; the others "
            f"nothing. {result['seconds']['total']} s"
        )


def holds(result: dict[str, Any]) -> bool:
    """Say whether the figures are what Listkeep promises."""
    thieves = dict(result["thieves"])
    insider = thieves.pop(INSIDER)
    campaign = result["campaign"]
    return (
        not any(thieves.values())
        and campaign["sent"] == campaign["received"] > 0
        and campaign["app_host"] == 0
        and not campaign["mail_server"]
        and campaign["dock_host"] <= campaign["unspent_cap"]
        and not campaign["opened_again"]
        and insider <= result["insider_bound"]
        and insider <= result["insider_in_ledger"]
        and result["ledger"]["verified"]
    )


def _find_request(text: str) -> str:
    found = _REQUEST.search(text)
    if found is None:
        raise ListkeepError("a command named no request")
    return found.group()
