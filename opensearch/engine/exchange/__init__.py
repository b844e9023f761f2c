"""Exchange: the items of an index written for other programs, and read back."""
