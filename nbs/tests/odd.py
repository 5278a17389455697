"""One scan, stored in every way that nbs/odd_input.yaml speaks of."""
from pathlib import Path

import nrrd
import numpy as np
import tifffile
from PIL import Image

from flowdiff.fibres import random_fibres, voxelise

COUNTS = 64, 64, 11  # along x, y, z
SIZE = tuple(50 / n for n in COUNTS)  # of a voxel, um


def the_scan() -> np.ndarray:  # (S, H, W) bool
    "The scan itself."
    return voxelise(random_fibres(fibre_fraction=0.5, minimum_gap=1e-6, seed=1), COUNTS[::-1])


def write_tiffs(folder: Path, values: np.ndarray) -> None:
    "TIFF files that differ in how they store the same pages."
    ways = {
        "plain": {}, "tiled": dict(tile=(32, 32)), "strips": dict(rowsperstrip=5),
        "bigtiff": dict(bigtiff=True), "big_endian": dict(byteorder=">"),
        "predictor": dict(compression="zlib", predictor=True),
        "jpegxl": dict(compression="jpegxl", compressionargs=dict(lossless=True)),
        "jpeg2000": dict(compression="jpeg2000", compressionargs=dict(reversible=True)),
    }
    for name in ("deflate", "lzw", "packbits", "zstd", "lzma", "png", "lerc"):
        ways[name] = dict(compression=name)
    for name, options in ways.items():
        tifffile.imwrite(folder / f"{name}.tif", values, photometric="minisblack", **options)
    pages = [Image.fromarray(page > 0) for page in values]
    pages[0].save(folder / "g4.tif", save_all=True, append_images=pages[1:], compression="group4")
    tifffile.imwrite(folder / "bits.tif", values > 0, photometric="minisblack")
    with tifffile.TiffWriter(folder / "series.tif") as tif:
        for k, page in enumerate(values):
            tif.write(page, photometric="minisblack", description=f"{k}", metadata=None,
                      compression="zlib" if k % 2 else None)
    tifffile.imwrite(folder / "loud.TIF", values, photometric="minisblack")
    tifffile.imwrite(folder / "times.tif", values, imagej=True, metadata=dict(axes="TYX"))
    tifffile.imwrite(folder / "channels_of_one.tif", values[:, None], imagej=True,
                     metadata=dict(axes="ZCYX"))


def write_numbers(folder: Path, fluid: np.ndarray) -> None:
    "The two phases by other numbers."
    kinds = {
        "ones": fluid.astype(np.uint8), "16bit": fluid * np.uint16(65535),
        "16bit_ones": fluid.astype(np.uint16), "float": fluid.astype(np.float32),
        "labels": fluid.astype(np.uint8) + 1, "inverted": 255 * (1 - fluid.astype(np.uint8)),
        "signed": np.where(fluid, -1, 3).astype(np.int16),
    }
    three = np.where(fluid, 2, 0).astype(np.uint8)
    three[:, :, ::2] += ~fluid[:, :, ::2]  # fibres of two labels
    for name, values in (kinds | {"phases": three}).items():
        tifffile.imwrite(folder / f"{name}.tif", values, photometric="minisblack")


def write_sizes(folder: Path, values: np.ndarray) -> None:
    "The size of a voxel, stated by other programs in other units."
    x, y, z = SIZE
    inch, cm = 25400, 10000  # um
    ways = {
        "micron": (1, dict(unit="micron")), "escaped": (1, dict(unit="\\u00B5m")),
        "cm": (cm, dict(unit="cm")), "inch": (inch, dict(unit="inch")),
        "nm": (1e-3, dict(unit="nm")),
    }
    for name, (um, metadata) in ways.items():
        tifffile.imwrite(folder / f"in_{name}.tif", values, imagej=True,
                         resolution=(um / x, um / y),
                         metadata=dict(axes="ZYX", spacing=z / um, **metadata))
    tifffile.imwrite(folder / "units.tif", values, imagej=True, resolution=(1 / x, 1e-3 / y),
                     metadata=dict(axes="ZYX", spacing=z / 1000, unit="um", yunit="nm", zunit="mm"))
    sizes = dict(PhysicalSizeX=x, PhysicalSizeY=1000 * y, PhysicalSizeYUnit="nm",
                 PhysicalSizeZ=z / 1000, PhysicalSizeZUnit="mm")
    tifffile.imwrite(folder / "scan.ome.tif", values, metadata=dict(axes="ZYX", **sizes))
    nrrd.write(str(folder / "spacings.nrrd"), values, index_order="C",
               header={"spacings": SIZE, "units": ["um"] * 3})
    nrrd.write(str(folder / "detached.nhdr"), values, index_order="C", header={
        "space dimension": 3, "space units": ["mm"] * 3,
        "space directions": np.diag([edge / 1000 for edge in SIZE])})


def write_arrays(folder: Path, values: np.ndarray) -> None:
    "Arrays, plain bytes, and folders of images."
    np.save(folder / "array.npy", values)
    np.save(folder / "bool.npy", values > 0)
    np.save(folder / "columns_first.npy", np.asfortranarray(values))
    for kind in (">u2", "<f4", "u1"):
        (values > 0).astype(kind).tofile(folder / f"{kind.strip('<>')}.raw")
    for name, pattern in (("padded", "slice_{:04}.png"), ("bare", "7 of day 3, {}.png"),
                          ("tiffs", "s{:02}.tif")):
        (folder / name).mkdir()
        (folder / name / "notes.txt").write_text("not an image")
        for k, page in enumerate(values):
            Image.fromarray(page).save(folder / name / pattern.format(k + 8))
    (folder / "of bits").mkdir()
    for k, page in enumerate(values):
        Image.fromarray(page > 0).save(folder / "of bits" / f"{k}.png")


def write_turned(folder: Path, values: np.ndarray) -> None:
    "Slices along another axis, and what surrounds the scan."
    for axes in ("xyz", "yzx", "zxy"):
        turned = values.transpose(["zyx".index(axis) for axis in axes])
        tifffile.imwrite(folder / f"{axes}.tif", turned, photometric="minisblack")
    frame = np.pad(values, ((2, 3), (5, 0), (0, 7)))
    tifffile.imwrite(folder / "frame.tif", frame, photometric="minisblack")


def write_odd(folder: Path) -> None:
    "All of them."
    fluid = the_scan()
    values = fluid.astype(np.uint8) * 255
    write_tiffs(folder, values)
    write_numbers(folder, fluid)
    write_sizes(folder, values)
    write_arrays(folder, values)
    write_turned(folder, values)
