"""Resize images in NumPy, one pixel after another."""

import math

import numpy as np


def loop_resize(image, height, width):
    """Resize ``[row, column, channel]`` as TensorFlow 1's ResizeBilinear does, in float64."""
    rows, columns, channels = image.shape
    resized = np.zeros((height, width, channels))
    for i in range(height):
        y = float(np.float32(i) * np.float32(rows / height))
        top, low = math.floor(y), min(math.floor(y) + 1, rows - 1)
        for j in range(width):
            x = float(np.float32(j) * np.float32(columns / width))
            left, right = math.floor(x), min(math.floor(x) + 1, columns - 1)
            a, b = x - left, y - top
            resized[i, j] = (1 - b) * ((1 - a) * image[top, left] + a * image[top, right])
            resized[i, j] += b * ((1 - a) * image[low, left] + a * image[low, right])
    return resized
