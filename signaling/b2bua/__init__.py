"""The back-to-back user agent: the calls of the task, and which command of a session reaches which leg."""
