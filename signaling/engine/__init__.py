"""The SIP engine, pjsua2, with its C files in native/.  No other room imports it."""
