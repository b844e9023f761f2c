"""What every method builds on: collections, cached rows, augmentation, the finished bundle.

Evaluation also reads collections and cached features through this room; those need no torch.
"""
