"""Where an INVITE goes: the targets of a URI by RFC 3263, and with which credentials."""
