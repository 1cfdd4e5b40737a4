"""One DynamoDB table through the low-level client: plain dictionaries in and out, no second object model.

Every read is strongly consistent unless it goes to an index: the log's fence rests on reading the last step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, str | int | float]


def to_wire(item: Mapping[str, str | float]) -> dict[str, Any]:
    """``item`` as DynamoDB attribute values: text as S, numbers as N."""
    return {
        name: {"S": value} if isinstance(value, str) else {"N": repr(value)} for name, value in item.items()
    }


def from_wire(item: Mapping[str, Any]) -> Item:
    """The reverse of ``to_wire``; attributes of other types are left out."""
    plain: Item = {}
    for name, value in item.items():
        if "S" in value:
            plain[name] = value["S"]
        elif "N" in value:
            number = float(value["N"])
            plain[name] = int(number) if number.is_integer() else number
    return plain


class Table:
    """The table ``name``."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, **key: str) -> Item | None:
        """The item under ``key``, read strongly consistently."""
        answer = self._client.get_item(TableName=self._name, Key=to_wire(key), ConsistentRead=True)
        return from_wire(answer["Item"]) if "Item" in answer else None

    def put(self, item: Mapping[str, str | float]) -> None:
        """Write ``item``, over whatever is there."""
        self._client.put_item(TableName=self._name, Item=to_wire(item))

    def put_if(
        self, item: Mapping[str, str | float], condition: str, values: Mapping[str, str | float] | None = None
    ) -> Item | None:
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

    def query(self, condition: str, values: Mapping[str, str | float], **options: Any) -> Iterator[Item]:
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
