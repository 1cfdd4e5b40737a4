"""The SIP engine, pjsua2: the only room that knows it, but for what plays and records sound."""
