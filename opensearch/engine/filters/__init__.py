"""Filters: expressions over the fields of items, what they let pass, and what to say of them."""
