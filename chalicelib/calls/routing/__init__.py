"""Where the INVITE for a noun, or for the To of the API, goes, or why it may not be sent."""
