"""A folder of a person's own photos, with the tags that he or his tools gave them."""

from hashbench_datasets.photos.dataset import Photos

__all__ = ["Photos"]
