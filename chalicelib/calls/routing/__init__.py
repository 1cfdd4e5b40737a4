"""From a noun, or the To of the API, to where its INVITE goes, or why it may not."""
