"""``callapi demo``: one dialled call from end to end over real SIP and RTP, judged by what its parties saw."""
