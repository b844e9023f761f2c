"""Any one file opened: its domain told, its views read, in a process of its own."""
