"""Every code that CallAPI reports, in documents, callbacks, logs and REST answers: the one catalogue.

The numbers are Twilio's where its list has the case, because customers know them and their tools read them.
"""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """``name`` fits a column; ``text`` says what it means and what happens then."""

    name: str
    text: str


CATALOGUE: dict[int, Meaning] = {
    10004: Meaning("too many calls at once", "The account has as many calls as it may have. That leg fails."),
    # Fetching a document, delivering a callback
    11100: Meaning(
        "invalid URL",
        "The URL is neither an http(s) URL nor a reference relative to the document. It is ignored.",
    ),
    11200: Meaning(
        "HTTP retrieval failure",
        "The document could not be fetched. The fallback URL is asked, else the call ends.",
    ),
    11201: Meaning("TCP connection timed out", "The server did not accept a connection within 5 s."),
    11202: Meaning("TCP connection refused", "Nothing listens at the address."),
    11203: Meaning("total time out", "The server did not answer completely within 15 s."),
    11205: Meaning("HTTP connection failure", "The connection broke before the answer was complete."),
    11206: Meaning("HTTP protocol violation", "The answer was not valid HTTP."),
    11210: Meaning(
        "bad host name",
        "The host does not resolve, or to a loopback, private, link-local or metadata address.",
    ),
    11215: Meaning("too many redirects", "More than five redirects."),
    11216: Meaning("invalid redirect", "A redirect without a usable Location."),
    11217: Meaning("HTTP error status", "The server answered with a status of 400 or above."),
    11220: Meaning("TLS handshake failure", "No TLS connection could be agreed upon."),
    11235: Meaning("certificate domain mismatch", "The server's certificate is for another name."),
    11236: Meaning("certificate expired", "The server's certificate is out of date."),
    11237: Meaning("certificate untrusted", "The server's certificate has no path to a trusted root."),
    11243: Meaning(
        "bad retry policy", "The retry settings behind # in the URL are not valid. The defaults are used."
    ),
    11750: Meaning("body too large", "The document is longer than 64 KiB."),
    11770: Meaning("empty body", "The answer had no body."),
    # Documents
    12100: Meaning(
        "document parse failure",
        "Not well-formed XML, or a document type or entity is declared. As a warning: a & was repaired.",
    ),
    12102: Meaning("no Response", "The root element is not <Response>."),
    12200: Meaning(
        "schema warning",
        "An element, attribute or value that RCML does not have or we do not support yet: skipped.",
    ),
    12300: Meaning(
        "invalid Content-Type",
        "The answer is none of text/xml, application/xml, text/html, text/plain and audio.",
    ),
    12400: Meaning("internal failure", "Our fault."),
    13000: Meaning("noun mixture", "The noun cannot stand beside the others of the Dial."),
    # Dial
    13201: Meaning(
        "Dial in screening", "A screening document may not dial. That leg is hung up, the others go on."
    ),
    13210: Meaning("Dial: invalid method", "Neither GET nor POST. POST is used."),
    13212: Meaning("Dial: invalid timeout", "Not 1 to 600 s. The default is used."),
    13213: Meaning("Dial: invalid hangupOnStar", "Neither true nor false. False is used."),
    13214: Meaning(
        "Dial: invalid callerId",
        "Neither up to 50 letters, digits and +-_. nor a SIP URI. The Dial fails, the document goes on.",
    ),
    13215: Meaning("Dial: invalid nested element", "Not a noun of Dial, or nothing to dial."),
    13216: Meaning("Dial: invalid timeLimit", "Not 1 to 86400 s. 14400 is used."),
    13217: Meaning("Dial: invalid record", "Not a value of record. Nothing is recorded."),
    13218: Meaning("Dial: invalid sequential", "Neither true nor false. False is used."),
    13219: Meaning("Dial: invalid answerOnBridge", "Neither true nor false. False is used."),
    13220: Meaning(
        "Dial: invalid ringTone", "Not a country's tone code, or dialMusic is no URL. The tone us is used."
    ),
    13221: Meaning("Number: invalid method", "Neither GET nor POST. POST is used."),
    13222: Meaning("Number: invalid sendDigits", "Not digits, *, #, A to D and w. Nothing is sent."),
    13223: Meaning("Number: invalid number format", "Not a telephone number. That leg fails."),
    13224: Meaning("Number: invalid number", "The number cannot be reached. That leg fails."),
    13225: Meaning("Number: blocked", "The account may not dial this number or user. That leg fails."),
    13226: Meaning("Number: invalid country code", "No such country. That leg fails."),
    13227: Meaning(
        "Number: no geographic permission", "The account may not dial this country. That leg fails."
    ),
    # Sip
    13241: Meaning("Sip: invalid method", "Neither GET nor POST. POST is used."),
    13242: Meaning("Sip: invalid sendDigits", "Not digits, *, #, A to D and w. Nothing is sent."),
    13243: Meaning(
        "Sip: invalid URI",
        "The URI breaks the grammar of RFC 3261 or has 255 characters or more. That leg fails.",
    ),
    13244: Meaning("Sip: not authorised", "The account may not dial SIP addresses. That leg fails."),
    13245: Meaning("Sip: account not active", "The account is not active. That leg fails."),
    13246: Meaning("Sip: not enabled", "SIP is not enabled for the account. That leg fails."),
    13247: Meaning("Sip: invalid From", "The callerId has characters that a From header cannot carry."),
    13248: Meaning("Sip: callerId too long", "The callerId is longer than a From header may carry."),
    13249: Meaning("Sip: invalid credentials", "username, password or credentialRef is not usable."),
    13250: Meaning(
        "Sip: too many nouns", "More nouns than a Dial may have. Those after the tenth are not dialled."
    ),
    13251: Meaning("Sip: too many headers", "More headers than an INVITE may carry."),
    13252: Meaning("Sip: invalid header name", "The name is not allowed for a header of an INVITE."),
    13253: Meaning(
        "Sip: headers too long", "The part of the URI behind ? has 1024 characters or more. That leg fails."
    ),
    13254: Meaning(
        "Sip: host not allowed",
        "The host resolves to an address that is not public, or the account may not call it. That leg fails.",
    ),
    13255: Meaning("Sip: own domain", "The host is this platform's own. That leg fails."),
    13256: Meaning("Dial: invalid recordingStatusCallback", "Not an http(s) URL. It is ignored."),
    13257: Meaning("Dial: invalid transcribeCallback", "Not an http(s) URL. It is ignored."),
    # The other verbs
    13310: Meaning("Gather: invalid finishOnKey", "Not one of 0123456789*# and not empty. # is used."),
    13312: Meaning("Gather: invalid method", "Neither GET nor POST. POST is used."),
    13313: Meaning("Gather: invalid timeout", "Not 1 to 600 s. 5 is used."),
    13314: Meaning("Gather: invalid numDigits", "Not 1 to 1000. No limit is used."),
    13320: Meaning("Gather: invalid nested verb", "Only Say, Play and Pause. It is skipped."),
    13325: Meaning("Gather: invalid Content-Type of Play", "The answer is no sound that can be played."),
    13410: Meaning("Play: invalid loop", "Not a whole number from 0. 1 is used."),
    13420: Meaning("Play: invalid Content-Type", "The answer is no sound that can be played."),
    13510: Meaning("Say: invalid loop", "Not a whole number from 0. 1 is used."),
    13511: Meaning("Say: invalid voice", "Neither man nor woman. man is used."),
    13512: Meaning("Say: invalid language", "Not a language of Say. en is used."),
    13520: Meaning("Say: invalid text", "There is nothing to say. It is skipped."),
    13710: Meaning("Redirect: invalid method", "Neither GET nor POST. POST is used."),
    13910: Meaning("Pause: invalid length", "Not 1 to 86400 s. 1 is used."),
    15004: Meaning("Video: no video", "There is no video yet. That leg is placed with audio only."),
    # REST
    20001: Meaning("unknown parameters", "The request has parameters that the resource does not have."),
    20003: Meaning("authentication failure", "AccountSid or AuthToken is wrong."),
    20004: Meaning("method not allowed", "The resource does not have this HTTP method."),
    20005: Meaning("account not active", "The account is closed or suspended."),
    20006: Meaning("access denied", "The account may not use this resource."),
    20007: Meaning("page too large", "The page size is above the maximum."),
    20404: Meaning("not found", "There is no such resource."),
    20409: Meaning("conflict", "The resource changed or the Idempotency-Key was used for another request."),
    20429: Meaning("too many requests", "The account's rate limit is reached. Retry-After says when."),
    20500: Meaning("internal server error", "Our fault."),
    21201: Meaning("no To", "To is missing."),
    21205: Meaning("invalid Url", "Url is missing or no http(s) URL."),
    21210: Meaning("invalid From", "From is no number of the account."),
    21211: Meaning("invalid To", "To is neither a number, a client nor a SIP URI."),
    21212: Meaning("invalid caller ID", "From is neither a number nor a SIP URI."),
    21213: Meaning("no From", "From is missing."),
    21217: Meaning("invalid number", "The telephone number is not valid."),
    21218: Meaning("invalid ApplicationSid", "There is no such application."),
    21220: Meaning("call not in progress", "The call is over, or not in the state that the change needs."),
    21226: Meaning("invalid SIP credentials", "SipAuthUsername or SipAuthPassword is not usable."),
    21227: Meaning("headers too long", "The part of the SIP URI behind ? has 1024 characters or more."),
    21228: Meaning("invalid header name", "A header name in the SIP URI is no token."),
    21229: Meaning("invalid header value", "A header value in the SIP URI has a control character."),
    21234: Meaning("invalid caller name", "The caller name has characters that it cannot carry."),
    21262: Meaning("invalid Rcml", "The document in the request cannot run."),
    21402: Meaning("invalid URL", "A URL of the request is no http(s) URL."),
    21626: Meaning(
        "invalid StatusCallbackEvent",
        "Not one of initiated, ringing, answered, completed. The others are used.",
    ),
    # SIP
    32001: Meaning("call rate exceeded", "More calls per second than the account may place. That leg fails."),
    32005: Meaning("voice disabled", "Voice is disabled for the account."),
    32006: Meaning(
        "too many hops", "The call came back to where it had been (482), or passed too many servers (483)."
    ),
    32009: Meaning("user not registered", "The client is not registered at the moment."),
    32011: Meaning(
        "infrastructure error", "The SIP server did not answer, answered with a 5xx, or TLS failed."
    ),
    32012: Meaning("pooled call rate exceeded", "The calls per second of the platform are used up."),
    32017: Meaning("carrier block", "The carrier refused the call."),
    32018: Meaning(
        "no media", "Neither RTP nor RTCP came for as long as the task waits (60 s). The call was hung up."
    ),
    32100: Meaning("SIP parse failure", "A SIP message could not be read."),
    32101: Meaning("invalid SIP number", "The number in the SIP message is not valid."),
    32102: Meaning("bad SDP", "The session description could not be read, or no codec is common."),
    32103: Meaning("empty body", "A SIP message without the body that it needs."),
    32110: Meaning(
        "SIP URI warning", "A part of the URI is not supported, such as its transport. UDP is used."
    ),
    32111: Meaning(
        "header name illegal", "A header name in the SIP URI is no token. That header is left out."
    ),
    32112: Meaning(
        "header value illegal",
        "A header value in the SIP URI has a control character or is not UTF-8. That header is left out.",
    ),
    32113: Meaning(
        "header not allowed", "The header name is reserved for the platform. That header is left out."
    ),
    32207: Meaning("secure media required", "The other side accepts encrypted media only."),
    32208: Meaning("secure media refused", "The other side refuses encrypted media."),
    32209: Meaning("TLS required", "The other side accepts TLS only."),
    32214: Meaning("bad Dial Sip", "The Dial to SIP could not be carried out."),
    32218: Meaning("transfer failed", "The REFER could not be carried out."),
    32220: Meaning(
        "recording failed", "The call was not recorded, or not to its end: the task had no room for it."
    ),
    32223: Meaning("no user part", "The SIP URI has no user part."),
    32401: Meaning("digest refused", "The SIP server refused the user name or the password."),
}
