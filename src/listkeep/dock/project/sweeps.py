"""All the sweeps there are, in the order in which a worker looks at them."""

from listkeep.dock.intake import jobs as intake
from listkeep.dock.intake.sign_ups import sweeping as sign_ups
from listkeep.dock.outlet import jobs as outlet
from listkeep.dock.outlet import tallying
from listkeep.dock.outlet.delivery import retention
from listkeep.dock.outlet.returns import sweeping as returns
from listkeep.dock.watch import jobs as watch
from listkeep.dock.watch import upkeep

from . import merging

SWEEPS = (
    *watch.SWEEPS,
    *intake.SWEEPS,
    *sign_ups.SWEEPS,
    *outlet.SWEEPS,
    *retention.SWEEPS,
    *tallying.SWEEPS,
    *returns.SWEEPS,
    *upkeep.SWEEPS,
    *merging.SWEEPS,
)
