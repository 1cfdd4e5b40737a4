"""What the SIP engine is told about a request or a response that it is to send for us."""

from __future__ import annotations

from typing import Any

import pjsua2 as pj


def call_parameters() -> Any:
    """With the account's default call settings, and audio only: 2.17 offers ``m=text`` unless told not to."""
    use_defaults = True
    parameters = pj.CallOpParam(use_defaults)
    parameters.opt.audioCount, parameters.opt.videoCount, parameters.opt.textCount = 1, 0, 0
    return parameters


def add_header(parameters: Any, name: str, value: str) -> None:
    """Put a header on what ``parameters`` send.  The engine writes it as it is: neither part may hold a line end."""
    header = pj.SipHeader()
    header.hName, header.hValue = name, value
    parameters.txOption.headers.append(header)
