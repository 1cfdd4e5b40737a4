"""The SIP engine, pjsua2, with its C files in native/.  Beside this room only b2bua's leg calls it."""
