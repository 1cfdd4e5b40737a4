from __future__ import annotations

import base64
import hashlib
import hmac

from chalicelib.webhooks.signature import standard_headers, url_signature


def test_url_signature_is_the_published_example_of_twilio() -> None:
    form = {
        "To": "+18005551212",
        "From": "+14158675310",
        "Digits": "1234",
        "Caller": "+14158675310",
        "CallSid": "CA1234567890ABCDE",
    }
    signature = url_signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form)
    assert signature == "GvWf1cFY/Q7PnoempGyD5oXAezc="


def test_webhook_signature_covers_id_time_and_body_under_the_token() -> None:
    headers = standard_headers("tok", "CA1-0", 1_790_000_000, b"a=b")
    digest = hmac.new(b"tok", b"CA1-0.1790000000.a=b", hashlib.sha256).digest()
    assert headers == {
        "webhook-id": "CA1-0",
        "webhook-timestamp": "1790000000",
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
