"""IDX files made by numpy, independently of the code under test."""

import struct

import numpy

TYPE_CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def idx_bytes(array: numpy.ndarray) -> bytes:
    """The IDX file of an array of any of the format's types: header, then the elements big-endian."""
    header = struct.pack(f">HBB{array.ndim}I", 0, TYPE_CODES[array.dtype.name], array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()
