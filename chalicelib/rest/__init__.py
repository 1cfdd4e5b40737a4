"""The REST API: calls as resources, in JSON and XML.  Time and identifiers come from the handler."""
