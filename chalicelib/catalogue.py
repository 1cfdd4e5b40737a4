"""Every code that CallAPI reports, in documents, callbacks, logs and REST answers: the one catalogue.

The numbers are Twilio's where its list has the case, because customers know them and their tools read them.  A code is
an integer: in JSON, in DynamoDB and as text it is its digits.
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """``title`` fits a column; ``text`` says what it means and what happens then."""

    title: str
    text: str

    def __new__(cls, number: int, title: str, text: str) -> Code:
        """Each member is its number, with its two texts."""
        code = int.__new__(cls, number)
        code._value_ = number
        code.title, code.text = title, text
        return code

    TOO_MANY_CALLS = (
        10004,
        "too many calls at once",
        "The account has as many calls as it may have. That leg fails.",
    )

    # Fetching a document, delivering a callback
    INVALID_URL = (
        11100,
        "invalid URL",
        "The URL is neither an http(s) URL nor a reference relative to the document. It is ignored.",
    )
    HTTP_RETRIEVAL_FAILURE = (
        11200,
        "HTTP retrieval failure",
        "The document could not be fetched. The fallback URL is asked, else the call ends.",
    )
    HTTP_CONNECT_TIMEOUT = (
        11201,
        "TCP connection timed out",
        "The server did not accept a connection within 5 s.",
    )
    HTTP_CONNECTION_REFUSED = 11202, "TCP connection refused", "Nothing listens at the address."
    HTTP_TOTAL_TIMEOUT = 11203, "total time out", "The server did not answer completely within 15 s."
    HTTP_CONNECTION_FAILURE = (
        11205,
        "HTTP connection failure",
        "The host does not resolve, or the connection broke before the answer was complete.",
    )
    HTTP_PROTOCOL_VIOLATION = 11206, "HTTP protocol violation", "The answer was not valid HTTP."
    HTTP_HOST_REFUSED = (
        11210,
        "bad host name",
        "Not an http(s) URL, or its host has no public address: loopback, private, link-local, metadata.",
    )
    HTTP_TOO_MANY_REDIRECTS = (
        11215,
        "too many redirects",
        "More than five redirects, a redirect to no usable URL, or 20 documents that only point at another.",
    )
    HTTP_ERROR_STATUS = 11217, "HTTP error status", "The server answered with a status other than 2xx."
    HTTP_TLS_FAILURE = (
        11220,
        "TLS handshake failure",
        "No TLS connection could be agreed upon, or the server's certificate is not valid for its name.",
    )
    HTTP_BODY_TOO_LARGE = 11750, "body too large", "The document is longer than 64 KiB."

    # Documents
    DOCUMENT_PARSE_FAILURE = (
        12100,
        "document parse failure",
        "Not well-formed XML, or a document type or entity is declared. As a warning: a & was repaired.",
    )
    DOCUMENT_NO_RESPONSE = 12102, "no Response", "The root element is not <Response>."
    SCHEMA_WARNING = (
        12200,
        "schema warning",
        "An element, attribute or value that RCML does not have or we do not support yet: skipped.",
    )
    INVALID_CONTENT_TYPE = (
        12300,
        "invalid Content-Type",
        "The answer is none of text/xml, application/xml, text/html, text/plain and audio.",
    )
    INTERNAL_FAILURE = 12400, "internal failure", "Our fault."

    # Dial
    DIAL_IN_SCREENING = (
        13201,
        "Dial in screening",
        "A screening document may not dial. That leg is hung up, the others go on.",
    )
    DIAL_INVALID_METHOD = 13210, "Dial: invalid method", "Neither GET nor POST. POST is used."
    DIAL_INVALID_TIMEOUT = 13212, "Dial: invalid timeout", "Not 1 to 600 s. The default is used."
    DIAL_INVALID_HANGUP_ON_STAR = (
        13213,
        "Dial: invalid hangupOnStar",
        "Neither true nor false. False is used.",
    )
    DIAL_INVALID_CALLER_ID = (
        13214,
        "Dial: invalid callerId",
        "Neither up to 50 letters, digits and +-_. nor a SIP URI. The Dial fails, the document goes on.",
    )
    DIAL_INVALID_NESTED_ELEMENT = (
        13215,
        "Dial: invalid nested element",
        "Not a noun of Dial, or nothing to dial.",
    )
    DIAL_INVALID_TIME_LIMIT = 13216, "Dial: invalid timeLimit", "Not 1 to 86400 s. 14400 is used."
    DIAL_INVALID_RECORD = 13217, "Dial: invalid record", "Not a value of record. Nothing is recorded."
    DIAL_INVALID_SEQUENTIAL = 13218, "Dial: invalid sequential", "Neither true nor false. False is used."
    DIAL_INVALID_ANSWER_ON_BRIDGE = (
        13219,
        "Dial: invalid answerOnBridge",
        "Neither true nor false. False is used.",
    )
    DIAL_INVALID_RING_TONE = (
        13220,
        "Dial: invalid ringTone",
        "Not a country's tone code, or dialMusic is no URL. The tone us is used.",
    )
    DIAL_TOO_MANY_NOUNS = (
        13250,
        "Dial: too many nouns",
        "More nouns than a Dial, or calls than a session, may have. Those above the limit are not dialled.",
    )

    # Number
    NUMBER_INVALID_METHOD = 13221, "Number: invalid method", "Neither GET nor POST. POST is used."
    NUMBER_INVALID_SEND_DIGITS = (
        13222,
        "Number: invalid sendDigits",
        "Not digits, *, #, A to D and w. Nothing is sent.",
    )
    NUMBER_INVALID_FORMAT = 13223, "Number: invalid number format", "Not a telephone number. That leg fails."
    NUMBER_NOT_ROUTABLE = (
        13224,
        "Number: invalid number",
        "No trunk of the account takes the number. That leg fails.",
    )
    NUMBER_BLOCKED = 13225, "Number: blocked", "The account may not dial this number or user. That leg fails."

    # Sip
    SIP_INVALID_METHOD = 13241, "Sip: invalid method", "Neither GET nor POST. POST is used."
    SIP_INVALID_URI = (
        13243,
        "Sip: invalid URI",
        "The URI breaks the grammar of RFC 3261 or has 255 characters or more. That leg fails.",
    )
    SIP_INVALID_CREDENTIALS = (
        13249,
        "Sip: invalid credentials",
        "username, password or credentialRef is not usable.",
    )
    SIP_HEADERS_TOO_LONG = (
        13253,
        "Sip: headers too long",
        "The part of the URI behind ? has 1024 characters or more. That leg fails.",
    )
    SIP_HOST_REFUSED = (
        13254,
        "Sip: host not allowed",
        "The host resolves to an address that is not public, or the account may not call it. That leg fails.",
    )

    # The other verbs
    GATHER_INVALID_FINISH_ON_KEY = (
        13310,
        "Gather: invalid finishOnKey",
        "Not one of 0123456789*# and not empty. # is used.",
    )
    GATHER_INVALID_METHOD = 13312, "Gather: invalid method", "Neither GET nor POST. POST is used."
    GATHER_INVALID_TIMEOUT = 13313, "Gather: invalid timeout", "Not 1 to 600 s. 5 is used."
    GATHER_INVALID_NUM_DIGITS = 13314, "Gather: invalid numDigits", "Not 1 to 1000. No limit is used."
    GATHER_INVALID_NESTED_VERB = (
        13320,
        "Gather: invalid nested verb",
        "Only Say, Play and Pause. It is skipped.",
    )
    PLAY_INVALID_LOOP = 13410, "Play: invalid loop", "Not a whole number from 0. 1 is used."
    PLAY_INVALID_CONTENT_TYPE = (
        13420,
        "Play: invalid Content-Type",
        "The answer is no sound that can be played.",
    )
    SAY_INVALID_LOOP = 13510, "Say: invalid loop", "Not a whole number from 0. 1 is used."
    SAY_INVALID_VOICE = 13511, "Say: invalid voice", "Neither man nor woman. man is used."
    SAY_INVALID_LANGUAGE = 13512, "Say: invalid language", "Not a language of Say. en is used."
    SAY_INVALID_TEXT = (
        13520,
        "Say: invalid text",
        "There is nothing to say, or it could not be spoken. It is skipped.",
    )
    REDIRECT_INVALID_METHOD = 13710, "Redirect: invalid method", "Neither GET nor POST. POST is used."
    PAUSE_INVALID_LENGTH = 13910, "Pause: invalid length", "Not 1 to 86400 s. 1 is used."
    NO_VIDEO = 15004, "Video: no video", "There is no video yet. That leg is placed with audio only."

    # REST
    INVALID_PARAMETER = (
        20001,
        "invalid parameter",
        "The resource does not have the parameter, or not with this value.",
    )
    AUTHENTICATION_FAILURE = 20003, "authentication failure", "AccountSid or AuthToken is wrong."
    METHOD_NOT_ALLOWED = 20004, "method not allowed", "The resource does not have this method."
    ACCOUNT_NOT_ACTIVE = 20005, "account not active", "The account is closed or suspended."
    PAGE_TOO_LARGE = 20007, "page too large", "The page size is above the maximum."
    NOT_FOUND = 20404, "not found", "There is no such resource."
    CONFLICT = 20409, "conflict", "The Idempotency-Key was used for another request."
    INTERNAL_SERVER_ERROR = 20500, "internal server error", "Our fault."
    CALL_NO_TO = 21201, "no To", "To is missing."
    CALL_INVALID_URL = 21205, "invalid Url", "Url is missing or no http(s) URL."
    CALL_INVALID_TO = 21211, "invalid To", "To is neither a number, a client nor a SIP URI."
    CALL_INVALID_FROM = 21212, "invalid caller ID", "From is neither a number nor a SIP URI."
    CALL_NO_FROM = 21213, "no From", "From is missing."
    CALL_NOT_IN_PROGRESS = (
        21220,
        "call not in progress",
        "The call is over, or not in the state that the change needs.",
    )
    CALL_INVALID_CREDENTIALS = (
        21226,
        "invalid SIP credentials",
        "SipAuthUsername or SipAuthPassword is not usable.",
    )
    CALL_HEADERS_TOO_LONG = (
        21227,
        "headers too long",
        "The part of the SIP URI behind ? has 1024 characters or more.",
    )
    CALL_INVALID_RCML = 21262, "invalid Rcml", "The document in the request cannot run."
    CALL_INVALID_CALLBACK_URL = 21402, "invalid URL", "A URL of the request is no http(s) URL."
    INVALID_STATUS_CALLBACK_EVENT = (
        21626,
        "invalid StatusCallbackEvent",
        "Not one of initiated, ringing, answered, completed. In a document the others are used.",
    )

    # SIP
    CALL_RATE_EXCEEDED = (
        32001,
        "call rate exceeded",
        "More calls per second than the account may place. That leg fails.",
    )
    TOO_MANY_HOPS = (
        32006,
        "too many hops",
        "The call came back to where it had been (482), or passed too many servers (483).",
    )
    CLIENT_NOT_REGISTERED = 32009, "user not registered", "The client is not registered at the moment."
    SIP_UNREACHABLE = (
        32011,
        "infrastructure error",
        "The host has no address, or its SIP server could not be sent the INVITE. That leg fails.",
    )
    NO_MEDIA = (
        32018,
        "no media",
        "Neither RTP nor RTCP came for as long as the task waits (60 s). The call was hung up.",
    )
    SIP_PARSE_FAILURE = 32100, "SIP parse failure", "A SIP message could not be read."
    SIP_URI_WARNING = (
        32110,
        "SIP URI warning",
        "A part of the URI is not supported, such as its transport. UDP is used.",
    )
    HEADER_NAME_ILLEGAL = (
        32111,
        "header name illegal",
        "A header name in the SIP URI is no token. That header is left out.",
    )
    HEADER_VALUE_ILLEGAL = (
        32112,
        "header value illegal",
        "A header value in the SIP URI has a control character or is not UTF-8. That header is left out.",
    )
    HEADER_NAME_RESERVED = (
        32113,
        "header not allowed",
        "The header name is reserved for the platform. That header is left out.",
    )
    TRANSFER_FAILED = 32218, "transfer failed", "The REFER could not be carried out."
    RECORDING_FAILED = (
        32220,
        "recording failed",
        "The call was not recorded, or not to its end: the task had no room for it.",
    )
