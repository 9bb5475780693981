"""Means of classes are exact, and take no more memory than is good."""

import numpy

from measure import MOST_PIXELS, ClassMeans


def test_a_mean_is_of_all_images_of_its_class_rounded_half_up() -> None:
    means = ClassMeans([7, 3, 9], 2)
    means.add(numpy.array([[0, 255], [255, 255], [9, 9]], numpy.uint8), b"\3\3\7")
    means.add(numpy.array([[1, 255]], numpy.uint8), b"\3")
    assert means.mean(3) == bytes([85, 255])  # 256 / 3 = 85.33
    assert means.mean(7) == bytes([9, 9])
    assert means.mean(9) == b"", "a class without images has no mean"
    halves = ClassMeans([0], 1)
    halves.add(numpy.array([[0], [1]], numpy.uint8), b"\0\0")
    assert halves.mean(0) == b"\1"


def test_images_too_large_to_add_up_have_no_means() -> None:
    means = ClassMeans([0, 1], MOST_PIXELS)
    means.add(numpy.zeros((1, MOST_PIXELS), numpy.uint8), b"\0")
    assert means.mean(0) == b""
