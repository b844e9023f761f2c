"""The HTTP service and its page: thin over `Engine`, versioned under /v1."""
