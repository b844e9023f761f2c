"""The files of a collection: walked, told apart by tables and paths, left out, split."""
