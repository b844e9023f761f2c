"""Shapes as they are seen: upright, framed, rendered or drawn in lines."""
