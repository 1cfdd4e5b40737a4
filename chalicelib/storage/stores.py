"""The stores of a deployment: what its tables and queues are to the code, put together from their names once."""

from __future__ import annotations

from functools import cached_property

from . import aws
from .accounts import Accounts
from .listing import Listing
from .log import DynamoCallLog
from .queues import Outbound
from .table import Table
from .tasks import Tasks
from .traces import Traces


class Stores:
    """Over the tables ``calls`` and ``accounts`` and the queues at the two URLs.

    Each store is made when it is first asked for.  Functions that send nothing need no URL.
    """

    def __init__(self, calls: str, accounts: str, callbacks_url: str = "", outbound_url: str = "") -> None:
        self._calls, self._accounts = calls, accounts
        self._callbacks_url, self._outbound_url = callbacks_url, outbound_url

    @cached_property
    def calls(self) -> Table:
        """The calls table, for the stores of other rooms."""
        return Table(aws.dynamodb(), self._calls)

    @cached_property
    def accounts(self) -> Accounts:
        """Accounts, with what was read of them lately."""
        return Accounts(Table(aws.dynamodb(), self._accounts))

    @cached_property
    def log(self) -> DynamoCallLog:
        """The log of each call, with the texts it read lately."""
        return DynamoCallLog(self.calls)

    @cached_property
    def traces(self) -> Traces:
        """The SIP messages of each session."""
        return Traces(self.calls)

    @cached_property
    def listing(self) -> Listing:
        """What the REST API shows of calls."""
        return Listing(self.calls)

    @cached_property
    def tasks(self) -> Tasks:
        """The signaling tasks and their heartbeats."""
        return Tasks(self.calls)

    @cached_property
    def outbound(self) -> Outbound:
        """What goes out by queue."""
        return Outbound(aws.sqs, self._outbound_url, self._callbacks_url)
