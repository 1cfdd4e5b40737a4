"""One DynamoDB table through the low-level client: plain dictionaries in and out, no second object model.

Every read is strongly consistent unless it goes to an index: the log's fence rests on reading the last step.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, str | int | float | bytes]


Values = Mapping[str, str | float | bytes]


def to_wire(item: Values) -> dict[str, Any]:
    """``item`` as DynamoDB attribute values: text as S, numbers as N, bytes as B."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: str | float | bytes) -> dict[str, str | bytes]:
    if isinstance(value, str):
        return {"S": value}
    return {"B": value} if isinstance(value, bytes) else {"N": str(value)}


def from_wire(item: Mapping[str, Any]) -> Item:
    """The reverse of ``to_wire``; attributes of other types are left out."""
    plain: Item = {}
    for name, value in item.items():
        if "S" in value:
            plain[name] = value["S"]
        elif "B" in value:
            plain[name] = bytes(value["B"])
        elif "N" in value:
            number = float(value["N"])
            plain[name] = int(number) if number.is_integer() else number
    return plain


MOST_KEY_BYTES = {"pk": 2048, "sk": 1024}
"""Of a partition key and of a sort key.  DynamoDB refuses a request with a longer one, also one that only reads."""
BATCH = 100
"""Items that one BatchGetItem may ask for."""
CONFLICTS = 8
CONFLICT_SECONDS = 0.02
"""The average wait after a first conflict; it doubles."""


@dataclass(frozen=True)
class Addition:
    """Add ``amount`` to the number ``attribute`` of the item ``key``, if that is at most ``most`` (None: always).

    An attribute that is not there counts as 0.  ``expires_at``: when DynamoDB may delete the item; 0: never.
    """

    key: Mapping[str, str]
    attribute: str
    amount: int
    most: int | None = None
    expires_at: int = 0


class AdditionsRefusedError(Exception):
    """Nothing was written.  ``refused``: each addition that was above its ``most``, with the number that is there."""

    def __init__(self, refused: tuple[tuple[Addition, int | None], ...]) -> None:
        super().__init__(", ".join(addition.attribute for addition, _ in refused))
        self.refused = refused


class UnprocessedError(Exception):
    """DynamoDB is asked for more than the table may give at the moment."""


def _refuse(refused: tuple[tuple[Addition, int | None], ...]) -> None:
    """Raises AdditionsRefusedError unless there are none."""
    if refused:
        raise AdditionsRefusedError(refused)


def _count(addition: Addition, item: Item) -> int | None:
    """What ``item`` counts already; None when it does not count yet."""
    return int(item[addition.attribute]) if addition.attribute in item else None


def _possible(key: Values) -> bool:
    return all(
        len(str(value).encode("utf-8", "replace")) <= MOST_KEY_BYTES[name] for name, value in key.items()
    )


class Table:
    """The table ``name``."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, **key: str) -> Item | None:
        """The item under ``key``, read strongly consistently.  None has a key that is longer than DynamoDB takes."""
        if not _possible(key):
            return None
        answer = self._client.get_item(TableName=self._name, Key=to_wire(key), ConsistentRead=True)
        return from_wire(answer["Item"]) if "Item" in answer else None

    def get_all(self, keys: Sequence[Mapping[str, str]]) -> list[Item]:
        """Those of the items under ``keys`` that are there, in any order, up to 100 with a request.

        Raises UnprocessedError.
        """
        wires = [to_wire(key) for key in keys if _possible(key)]
        return [
            item
            for start in range(0, len(wires), BATCH)
            for item in self._batch(wires[start : start + BATCH])
        ]

    def _batch(self, keys: list[dict[str, Any]]) -> Iterator[Item]:
        """Keys that DynamoDB leaves unprocessed, above the table's throughput, are asked for again."""
        for attempt in range(CONFLICTS):
            answer = self._client.batch_get_item(
                RequestItems={self._name: {"Keys": keys, "ConsistentRead": True}}
            )
            yield from map(from_wire, answer["Responses"].get(self._name, []))
            keys = cast("Any", answer.get("UnprocessedKeys", {})).get(self._name, {}).get("Keys", [])
            if not keys:
                return
            time.sleep(CONFLICT_SECONDS * 2**attempt * random.uniform(0.5, 1.5))
        raise UnprocessedError

    def put(self, item: Values) -> None:
        """Write ``item``, over whatever is there."""
        self._client.put_item(TableName=self._name, Item=to_wire(item))

    def put_if(self, item: Values, condition: str, values: Values | None = None) -> Item | None:
        """Write ``item`` if ``condition`` holds of what is there; otherwise return what is there."""
        extra: dict[str, Any] = {"ExpressionAttributeValues": to_wire(values)} if values else {}
        try:
            self._client.put_item(
                TableName=self._name,
                Item=to_wire(item),
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **extra,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return from_wire(cast("Any", error.response).get("Item", {}))
        return None

    def put_new(
        self, item: Values, key: str, additions: tuple[Addition, ...] = (), further: Sequence[Values] = ()
    ) -> Item | None:
        """Write ``item`` if there is none (with the attribute ``key``) yet; make ``additions``, and write the items
        ``further``, with it.

        Returns the item that is there already.  Raises AdditionsRefusedError.
        """
        if not additions and not further:
            return self.put_if(item, f"attribute_not_exists({key})")
        _refuse(tuple((each, 0) for each in additions if each.most is not None and each.most < 0))
        put = {
            "TableName": self._name,
            "Item": to_wire(item),
            "ConditionExpression": f"attribute_not_exists({key})",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        updates = [{"Update": self._update(addition)} for addition in additions]
        puts = [{"Put": {"TableName": self._name, "Item": to_wire(each)}} for each in further]
        present, *counts = self._transact([{"Put": put}, *updates, *puts])
        if present is not None:
            return present
        met = zip(additions, counts[: len(additions)], strict=True)
        _refuse(tuple((each, _count(each, count)) for each, count in met if count is not None))
        return None

    def _update(self, addition: Addition) -> dict[str, Any]:
        values: dict[str, str | float] = {":amount": addition.amount}
        update: dict[str, Any] = {
            "TableName": self._name,
            "Key": to_wire(addition.key),
            "UpdateExpression": "ADD #count :amount",
            "ExpressionAttributeNames": {"#count": addition.attribute},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if addition.expires_at:
            update["UpdateExpression"] += " SET expires_at = :expires_at"
            values[":expires_at"] = addition.expires_at
        if addition.most is not None:
            update["ConditionExpression"] = "attribute_not_exists(#count) OR #count <= :most"
            values[":most"] = addition.most
        return update | {"ExpressionAttributeValues": to_wire(values)}

    def _transact(self, writes: list[Any]) -> list[Item | None]:
        """For each write None, or what was there when its condition did not hold: then nothing was written.

        Two transactions on one item at a time are a conflict, which the SDK does not try again.
        """
        for attempt in range(CONFLICTS):
            try:
                self._client.transact_write_items(TransactItems=writes)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons: list[Any] = cast("Any", error.response).get("CancellationReasons", [])
                failed = [reason.get("Code") == "ConditionalCheckFailed" for reason in reasons]
                if any(failed):
                    items = [from_wire(reason.get("Item", {})) for reason in reasons]
                    return [item if bad else None for item, bad in zip(items, failed, strict=True)]
                if attempt == CONFLICTS - 1:
                    raise
                time.sleep(CONFLICT_SECONDS * 2**attempt * random.uniform(0.5, 1.5))
            else:
                break
        return [None] * len(writes)

    def remove_attribute(self, name: str, **key: str) -> None:
        """Take the attribute ``name`` off the item under ``key``, if both are there."""
        with contextlib.suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._name,
                Key=to_wire(key),
                UpdateExpression="REMOVE #name",
                ConditionExpression="attribute_exists(#name)",
                ExpressionAttributeNames={"#name": name},
            )

    def delete(self, **key: str) -> None:
        """Delete the item under ``key``, if there is one."""
        self._client.delete_item(TableName=self._name, Key=to_wire(key))

    def query(self, condition: str, values: Values, **options: Any) -> Iterator[Item]:
        """The items that match the key ``condition``, page by page as the caller consumes them.

        ``options`` are those of the Query request: ``IndexName``, ``ScanIndexForward``, ``Limit`` per page.
        """
        if "IndexName" not in options:
            options["ConsistentRead"] = True
        while True:
            answer = self._client.query(
                TableName=self._name,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=to_wire(values),
                **options,
            )
            for item in answer["Items"]:
                yield from_wire(item)
            if "LastEvaluatedKey" not in answer:
                return
            options["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
