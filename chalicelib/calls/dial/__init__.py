"""The verb Dial: who rings, who is bridged, what the action URL is told."""
