"""Training: what methods build on, whatever paper they come from.

Collections and cached rows, the run's context, a domain's data, augmentations, and the bundle in
the end. What evaluation reads through this room, collections and cached features, needs no torch.
"""
