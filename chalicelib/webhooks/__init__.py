"""Requests to customers' servers: guarded addresses, hard limits, signatures, and what a failure means."""
