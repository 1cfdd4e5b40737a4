from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.storage.table import Addition, AdditionsRefusedError, Table

from .cloud import Cloud

ROW = {"pk": "CA1", "sk": "00000001", "row": "{}"}
COUNT = {"pk": "limits#AC1", "sk": "calls"}


def count(table: Table) -> Any:
    item = table.get(**COUNT)
    return item["in_use"] if item else None


def test_row_and_count_are_written_together(cloud: Cloud) -> None:
    assert cloud.table.put_new(ROW, "sk", (Addition(COUNT, "in_use", 2, most=0),)) is None
    assert (cloud.table.get(pk="CA1", sk="00000001"), count(cloud.table)) == (ROW, 2)


def test_count_above_its_most_keeps_the_row_out_and_is_told(cloud: Cloud) -> None:
    cloud.table.put({**COUNT, "in_use": 5})
    addition = Addition(COUNT, "in_use", 1, most=4)
    with pytest.raises(AdditionsRefusedError) as refused:
        cloud.table.put_new(ROW, "sk", (addition,))
    assert refused.value.refused == ((addition, 5),)
    assert (cloud.table.get(pk="CA1", sk="00000001"), count(cloud.table)) == (None, 5)


def test_row_that_is_there_is_not_counted_again(cloud: Cloud) -> None:
    addition = Addition(COUNT, "in_use", 1)
    cloud.table.put_new(ROW, "sk", (addition,))
    assert cloud.table.put_new({**ROW, "row": "other"}, "sk", (addition,)) == ROW
    assert count(cloud.table) == 1


def test_transaction_in_conflict_with_another_is_tried_again(cloud: Cloud) -> None:
    """The emulators have no conflicts: the service's answer, twice, in place of theirs."""
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    answer = {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": reasons,
    }
    left = [answer, answer]

    def conflict(**_: Any) -> Any:
        return (SimpleNamespace(status_code=400), left.pop()) if left else None

    cloud.dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", conflict)
    assert cloud.table.put_new(ROW, "sk", (Addition(COUNT, "in_use", 1, most=4),)) is None
    assert (left, count(cloud.table)) == ([], 1)
