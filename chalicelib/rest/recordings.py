"""Where recordings can be heard.  The audio never passes through the API: S3 serves it by a signed link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from ..calls.parameters import API_VERSION
from .calls import Account
from .errors import MissingError

LINK_SECONDS = 900
SID = re.compile(r"RE[0-9a-f]{32}")
# S3 answers 403 for a missing object when the caller may read objects but not list them (S3 API, HeadObject).
ABSENT = frozenset({"403", "404", "AccessDenied", "NoSuchKey", "NotFound"})


@dataclass(frozen=True)
class Recording:
    """One that has arrived.  ``link`` plays without credentials, for a quarter of an hour."""

    sid: str
    account_sid: str
    size: int
    created: datetime
    link: str


class Recordings:
    """The recordings of all accounts in ``bucket``; ``s3`` is the client."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def show(self, account: Account, sid: str) -> Recording:
        """Raises MissingError for one that is not there (yet), and for another account's."""
        if not SID.fullmatch(sid):
            raise MissingError(f"/Accounts/{account.sid}/Recordings/{sid}")
        place = {"Bucket": self._bucket, "Key": f"{account.sid}/{sid}.wav"}
        try:
            head = self._s3.head_object(**place)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ABSENT:
                raise
            raise MissingError(f"/Accounts/{account.sid}/Recordings/{sid}") from None
        shown = {"ResponseContentType": "audio/wav", "ResponseContentDisposition": "inline"}
        link = self._s3.generate_presigned_url("get_object", Params=place | shown, ExpiresIn=LINK_SECONDS)
        return Recording(sid, account.sid, head["ContentLength"], head["LastModified"], link)


def recording_resource(recording: Recording, root: str) -> dict[str, Any]:
    """``root`` is the path before ``/Accounts``; ``media_url`` the signed link."""
    uri = f"{root}/Accounts/{recording.account_sid}/Recordings/{recording.sid}"
    return {
        "sid": recording.sid,
        "account_sid": recording.account_sid,
        "date_created": recording.created.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        "size": recording.size,
        "api_version": API_VERSION,
        "media_url": recording.link,
        "uri": f"{uri}.json",
    }
