"""What makes the data that is shipped: the demo's collection, the lexicon's rows, one rule."""
