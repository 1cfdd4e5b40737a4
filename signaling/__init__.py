"""The Fargate task: SIP legs and media under one pjsua2 endpoint.  It knows mechanisms; policy is the engine's."""
