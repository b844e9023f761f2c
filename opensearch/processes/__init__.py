"""Processes that run a module of ours and answer jobs, one at a time; light to import."""
