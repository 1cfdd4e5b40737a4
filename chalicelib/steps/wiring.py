"""What carries out steps, put together from a function's settings: the same in the step function, the API and the
reaper.
"""

from __future__ import annotations

from ..calls.session import Session
from ..handlers.metrics import Metrics
from ..handlers.settings import StepSettings
from ..registrar.contacts import Contacts
from ..storage.log import Row
from ..storage.stores import Stores
from .executor import Steps


def stores_of(settings: StepSettings, outbound_url: str = "") -> Stores:
    """The stores that ``settings`` name; ``outbound_url`` where created calls are announced."""
    return Stores(settings.calls_table, settings.accounts_table, settings.callbacks_queue_url, outbound_url)


def steps_over(stores: Stores, metrics: Metrics) -> Steps:
    """Steps that count the calls that they start and end."""
    return Steps(
        stores.log,
        stores.traces,
        stores.accounts,
        stores.listing,
        stores.outbound,
        Contacts(stores.calls),
        lambda before, row: _count_calls(metrics, before, row),
    )


def _count_calls(metrics: Metrics, before: Session | None, row: Row) -> None:
    """A call starts with the INVITE that it is received by or placed with, or when the API creates it."""
    then = before.calls if before else {}
    now = {call.sid: call for call in (*row.gone, *row.state.calls.values())}
    if started := sum(sid not in then for sid in now):
        metrics.add("CallsStarted", started)
    if ended := sum(call.over and not (sid in then and then[sid].over) for sid, call in now.items()):
        metrics.add("CallsEnded", ended)
