"""The page, and the HTTP API behind it."""
