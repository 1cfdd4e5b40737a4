"""CallAPI's domain and adapters: what the Lambda functions share.

``rcml``, ``sip`` and ``calls`` are pure (no I/O, no clock, no randomness); ``webhooks``, ``storage`` and
``rest`` are the adapters around them.  ``docs/architecture.md`` has the map.
"""
