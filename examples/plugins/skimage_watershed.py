"""A plug-in in Python: supervoxels by scikit-image's watershed. Needs `pip install numpy scikit-image`.

In the configuration, with the path relative to the configuration file:

    "create-supervoxels": {
      "function": "./skimage_watershed.py:create_supervoxels",
      "parameters": { "threshold": 0.4 }
    }
"""
import numpy
from skimage.measure import label
from skimage.morphology import remove_small_objects
from skimage.segmentation import watershed


def create_supervoxels(predictions, mask, threshold=0.4, seed_size=20, boundary_channel=0):
    """Labels (uint32, z y x) of the places with low membrane probability, grown until they meet.

    predictions: z, y, x, channel; float32 from 0 to 1, or uint8 meaning value / 255.
    mask: bool, z y x, True = segment; None = everything.
    """
    boundary = predictions[..., boundary_channel]
    if boundary.dtype == numpy.uint8:
        boundary = boundary / numpy.float32(255)
    inside = boundary < threshold
    if mask is not None:
        inside &= mask
    seeds = label(remove_small_objects(inside, seed_size), connectivity=1)
    return watershed(boundary, seeds, mask=mask).astype(numpy.uint32)
