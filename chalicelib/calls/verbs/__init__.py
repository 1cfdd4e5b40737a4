"""The verbs that a call runs, a module for each; Dial has a room of its own.

A media verb has ``item``: what the task is told to perform.  Any other has ``begin``: it decides what comes next.  One
whose outcome comes later has ``resume`` too.  `document` finds them by the type of the parsed verb.
"""
