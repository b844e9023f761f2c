"""What a drawing lies on: the page in its photograph, the light on it, its printed lines."""
