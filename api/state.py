"""What one process of the service holds while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anyio import CapacityLimiter

    from api.auth import Gate
    from api.desk import Desk
    from api.limits import Rates
    from api.metrics import Metrics
    from api.settings import Settings
    from api.workshop import Workshop
    from gis_grid.store import Store


@dataclass(frozen=True)
class State:
    """Hold the settings, the store, who may come in, how often, figures, answers, and where plans are worked on.

    It is `app.state.service`.
    """

    settings: Settings
    store: Store
    gate: Gate
    rates: Rates
    metrics: Metrics
    desk: Desk
    batches: CapacityLimiter
    workshop: Workshop
