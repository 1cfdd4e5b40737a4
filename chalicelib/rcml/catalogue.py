"""Every code that CallAPI reports, in documents, callbacks, logs and REST answers: the one catalogue of the product.

The numbers are Twilio's where its catalogue has the case, because customers know them and their tools read them.
"""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """``name`` fits a column; ``text`` says what it means and what happens then."""

    name: str
    text: str


CATALOGUE: dict[int, Meaning] = {
    code: Meaning(name, text)
    for code, name, text in (
        # Fetching a document, delivering a callback
        (11100, "invalid URL", "The URL is neither an http(s) URL nor a reference relative to the document. It is ignored."),
        (11200, "HTTP retrieval failure", "The document could not be fetched. The fallback URL is asked, else the call ends."),
        (11201, "TCP connection timed out", "The server did not accept a connection within 5 s."),
        (11202, "TCP connection refused", "Nothing listens at the address."),
        (11203, "total time out", "The server did not answer completely within 15 s."),
        (11205, "HTTP connection failure", "The connection broke before the answer was complete."),
        (11206, "HTTP protocol violation", "The answer was not valid HTTP."),
        (11210, "bad host name", "The host does not resolve, or resolves to an address that is not allowed: loopback, private, link-local or metadata."),
        (11215, "too many redirects", "More than five redirects."),
        (11216, "invalid redirect", "A redirect without a usable Location."),
        (11217, "HTTP error status", "The server answered with a status of 400 or above."),
        (11220, "TLS handshake failure", "No TLS connection could be agreed upon."),
        (11235, "certificate domain mismatch", "The server's certificate is for another name."),
        (11236, "certificate expired", "The server's certificate is out of date."),
        (11237, "certificate untrusted", "The server's certificate has no path to a trusted root."),
        (11243, "bad retry policy", "The retry settings behind # in the URL are not valid. The defaults are used."),
        (11750, "body too large", "The document is longer than 64 KiB."),
        (11770, "empty body", "The answer had no body."),
        # Documents
        (12100, "document parse failure", "The document is not well-formed XML, or declares a document type or entity. As a warning: a raw & was repaired."),
        (12102, "no Response", "The root element is not <Response>."),
        (12200, "schema warning", "An element, attribute or value that RCML does not have, or that is not supported yet. It is skipped."),
        (12300, "invalid Content-Type", "The answer is none of text/xml, application/xml, text/html, text/plain and audio."),
        (12400, "internal failure", "Our fault."),
        (13000, "noun mixture", "The noun cannot stand beside the others of the Dial."),
        # Dial
        (13201, "Dial in screening", "A screening document may not dial. That leg is hung up, the others go on."),
        (13210, "Dial: invalid method", "Neither GET nor POST. POST is used."),
        (13212, "Dial: invalid timeout", "Not 1 to 600 s. The default is used."),
        (13213, "Dial: invalid hangupOnStar", "Neither true nor false. False is used."),
        (13214, "Dial: invalid callerId", "Neither alphanumeric and +-_. up to 50 characters nor a SIP URI. The Dial fails, the document goes on."),
        (13215, "Dial: invalid nested element", "Not a noun of Dial, or nothing to dial."),
        (13216, "Dial: invalid timeLimit", "Not 1 to 86400 s. 14400 is used."),
        (13217, "Dial: invalid record", "Not a value of record. Nothing is recorded."),
        (13218, "Dial: invalid sequential", "Neither true nor false. False is used."),
        (13219, "Dial: invalid answerOnBridge", "Neither true nor false. False is used."),
        (13220, "Dial: invalid ringTone", "Not a country's tone code, or dialMusic is no URL. The tone us is used."),
        (13221, "Number: invalid method", "Neither GET nor POST. POST is used."),
        (13222, "Number: invalid sendDigits", "Not digits, *, #, A to D and w. Nothing is sent."),
        (13223, "Number: invalid number format", "Not a telephone number. That leg fails."),
        (13224, "Number: invalid number", "The number cannot be reached. That leg fails."),
        (13225, "Number: blocked", "The account may not dial this number. That leg fails."),
        (13226, "Number: invalid country code", "No such country. That leg fails."),
        (13227, "Number: no geographic permission", "The account may not dial this country. That leg fails."),
        # Sip
        (13241, "Sip: invalid method", "Neither GET nor POST. POST is used."),
        (13242, "Sip: invalid sendDigits", "Not digits, *, #, A to D and w. Nothing is sent."),
        (13243, "Sip: invalid URI", "The URI breaks the grammar of RFC 3261 or has 255 characters or more. That leg fails."),
        (13244, "Sip: not authorised", "The account may not dial SIP addresses. That leg fails."),
        (13245, "Sip: account not active", "The account is not active. That leg fails."),
        (13246, "Sip: not enabled", "SIP is not enabled for the account. That leg fails."),
        (13247, "Sip: invalid From", "The callerId has characters that a From header cannot carry."),
        (13248, "Sip: callerId too long", "The callerId is longer than a From header may carry."),
        (13249, "Sip: invalid credentials", "username, password or credentialRef is not usable."),
        (13250, "Sip: too many nouns", "More nouns than a Dial may have. Those after the tenth are not dialled."),
        (13251, "Sip: too many headers", "More headers than an INVITE may carry."),
        (13252, "Sip: invalid header name", "The name is not allowed for a header of an INVITE."),
        (13253, "Sip: headers too long", "The part of the URI behind ? has 1024 characters or more. That leg fails."),
        (13254, "Sip: host not allowed", "The host does not resolve, or resolves to an address that is not public. That leg fails."),
        (13255, "Sip: own domain", "The host is this platform's own. That leg fails."),
        (13256, "Dial: invalid recordingStatusCallback", "Not an http(s) URL. It is ignored."),
        (13257, "Dial: invalid transcribeCallback", "Not an http(s) URL. It is ignored."),
        # The other verbs
        (13310, "Gather: invalid finishOnKey", "Not one of 0123456789*# and not empty. # is used."),
        (13312, "Gather: invalid method", "Neither GET nor POST. POST is used."),
        (13313, "Gather: invalid timeout", "Not 1 to 600 s. 5 is used."),
        (13314, "Gather: invalid numDigits", "Not 1 to 1000. No limit is used."),
        (13320, "Gather: invalid nested verb", "Only Say, Play and Pause. It is skipped."),
        (13325, "Gather: invalid Content-Type of Play", "The answer is no sound that can be played."),
        (13410, "Play: invalid loop", "Not a whole number from 0. 1 is used."),
        (13420, "Play: invalid Content-Type", "The answer is no sound that can be played."),
        (13510, "Say: invalid loop", "Not a whole number from 0. 1 is used."),
        (13511, "Say: invalid voice", "Neither man nor woman. man is used."),
        (13512, "Say: invalid language", "Not a language of Say. en is used."),
        (13520, "Say: invalid text", "There is nothing to say. It is skipped."),
        (13710, "Redirect: invalid method", "Neither GET nor POST. POST is used."),
        (13910, "Pause: invalid length", "Not 1 to 86400 s. 1 is used."),
        # REST
        (20001, "unknown parameters", "The request has parameters that the resource does not have."),
        (20003, "authentication failure", "AccountSid or AuthToken is wrong."),
        (20004, "method not allowed", "The resource does not have this HTTP method."),
        (20005, "account not active", "The account is closed or suspended."),
        (20006, "access denied", "The account may not use this resource."),
        (20007, "page too large", "The page size is above the maximum."),
        (20404, "not found", "There is no such resource."),
        (20409, "conflict", "The resource changed or the Idempotency-Key was used for another request."),
        (20429, "too many requests", "The account's rate limit is reached. Retry-After says when."),
        (20500, "internal server error", "Our fault."),
        (21201, "no To", "To is missing."),
        (21205, "invalid Url", "Url is missing or no http(s) URL."),
        (21210, "invalid From", "From is no number of the account."),
        (21211, "invalid To", "To is neither a number, a client nor a SIP URI."),
        (21212, "invalid caller ID", "From is neither a number nor a SIP URI."),
        (21213, "no From", "From is missing."),
        (21217, "invalid number", "The telephone number is not valid."),
        (21218, "invalid ApplicationSid", "There is no such application."),
        (21220, "call not in progress", "The call is over, or not in the state that the change needs."),
        (21226, "invalid SIP credentials", "SipAuthUsername or SipAuthPassword is not usable."),
        (21227, "headers too long", "The part of the SIP URI behind ? has 1024 characters or more."),
        (21228, "invalid header name", "A header name in the SIP URI is no token."),
        (21229, "invalid header value", "A header value in the SIP URI has a control character."),
        (21234, "invalid caller name", "The caller name has characters that it cannot carry."),
        (21262, "invalid Rcml", "The document in the request cannot run."),
        (21402, "invalid URL", "A URL of the request is no http(s) URL."),
        (21626, "invalid StatusCallbackEvent", "Not one of initiated, ringing, answered, completed. The others are used."),
        # SIP
        (32001, "call rate exceeded", "More calls per second than the account may place."),
        (32005, "voice disabled", "Voice is disabled for the account."),
        (32006, "too many hops", "The INVITE was routed in a circle (483)."),
        (32009, "user not registered", "The client is not registered at the moment."),
        (32011, "infrastructure error", "The SIP server did not answer, answered with a 5xx, or TLS failed."),
        (32012, "pooled call rate exceeded", "The calls per second of the platform are used up."),
        (32017, "carrier block", "The carrier refused the call."),
        (32100, "SIP parse failure", "A SIP message could not be read."),
        (32101, "invalid SIP number", "The number in the SIP message is not valid."),
        (32102, "bad SDP", "The session description could not be read, or no codec is common."),
        (32103, "empty body", "A SIP message without the body that it needs."),
        (32110, "SIP URI warning", "A part of the URI is not supported, such as its transport. UDP is used."),
        (32111, "header name illegal", "A header name in the SIP URI is no token. That header is left out."),
        (32112, "header value illegal", "A header value in the SIP URI has a control character or is not UTF-8. That header is left out."),
        (32113, "header not allowed", "The header name is reserved for the platform. That header is left out."),
        (32207, "secure media required", "The other side accepts encrypted media only."),
        (32208, "secure media refused", "The other side refuses encrypted media."),
        (32209, "TLS required", "The other side accepts TLS only."),
        (32214, "bad Dial Sip", "The Dial to SIP could not be carried out."),
        (32218, "transfer failed", "The REFER could not be carried out."),
        (32223, "no user part", "The SIP URI has no user part."),
        (32401, "digest refused", "The SIP server refused the user name or the password."),
    )
}


def meaning_of(code: int) -> Meaning:
    """The entry of ``code``.  Raises KeyError for a code that CallAPI does not report."""
    return CATALOGUE[code]
