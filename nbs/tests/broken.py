"""The broken files that nbs/wrong_input.yaml speaks of."""
import json
import os
import pickle
import struct
import zlib
from pathlib import Path

import nrrd
import numpy as np
import tifffile
import torch
from PIL import Image

from flowdiff.restoration import Restorer, VolumeVAE
from flowdiff.training import save_model
from flowdiff.unet import UNet


class CodeToRun:
    "What an archive of tensors must never hold."

    def __reduce__(self):
        return os.mkdir, ("executed",)


def bomb_tiff(width: int, height: int) -> bytes:
    "A TIFF of a few bytes that says it is large."
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height,
            279: width * height % 2**32}
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()]
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + b"".join(entries) + bytes(4)


def bomb_png(width: int, height: int) -> bytes:
    "The same as a PNG."

    def chunk(kind, data=b""):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def write_scans(folder: Path) -> None:
    "Scans that are none."
    rng = np.random.default_rng(0)
    cell = np.full((11, 64, 64), 255, np.uint8)
    cell[:, 20:40, 20:40] = 0
    wall = cell.copy()
    wall[:, :, 30] = 0
    offset = cell.copy()
    offset[::2, :, 30] = offset[1::2, :, 50] = 0
    with_nan = np.where(rng.random(cell.shape) < 0.01, np.nan, cell / 255)
    inverted = np.pad(255 - cell[:, 20:60, 20:60], ((0, 0), (4, 4), (4, 4)))
    stacks = dict(
        cell=cell, fluid=cell | 255, solid=0 * cell, blocked=wall, offset=offset,
        inverted=inverted, nan=with_nan.astype(np.float32),
        grey=rng.integers(0, 255, cell.shape, np.uint8),
        grey16=rng.integers(0, 65535, cell.shape, np.uint16))
    for name, stack in stacks.items():
        tifffile.imwrite(folder / f"{name}.tif", stack)
    tifffile.imwrite(folder / "rgb.tif", np.zeros((2, 8, 8, 3), np.uint8), photometric="rgb")
    with tifffile.TiffWriter(folder / "ragged.tif") as ragged:
        ragged.write(cell[0])
        ragged.write(cell[0, 1:])
    whole = (folder / "cell.tif").read_bytes()
    files = {"empty.tif": b"", "text.tif": b"not an image", "cut.tif": whole[:5000],
             "bomb.tif": bomb_tiff(60_000, 60_000), "bomb_png/0.png": bomb_png(50_000, 50_000)}
    for name in ("nothing", "ragged", "stacks", "cut_png", "bomb_png", "locked"):
        (folder / name).mkdir()
    for k in range(3):
        Image.fromarray(cell[k, k:]).save(folder / "ragged" / f"{k}.png")
        files[f"stacks/{k}.tif"] = whole
    files["cut_png/0.png"] = (folder / "ragged" / "0.png").read_bytes()[:80]
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "locked").chmod(0o500)


def write_confusing(folder: Path) -> None:
    "Scans that could be read in more than one way, and bytes that say too little."
    cell = tifffile.imread(folder / "cell.tif")
    pages = dict(photometric="minisblack")
    ways = dict(
        channels=(np.stack([cell, cell], 1), dict(imagej=True, metadata=dict(axes="ZCYX"))),
        times=(np.stack([cell, cell]), dict(imagej=True, metadata=dict(axes="TZYX"))),
        turned=(cell, pages | dict(extratags=[(274, "H", 1, 6, True)])),
        white=(cell, dict(photometric="miniswhite")),
        palette=(cell, dict(photometric="palette", colormap=np.zeros((3, 256), np.uint16))))
    for name, (values, options) in ways.items():
        tifffile.imwrite(folder / f"{name}.tif", values, **options)
    with tifffile.TiffWriter(folder / "overview.tif") as tif:
        tif.write(cell[0, ::4, ::4], **pages)
        tif.write(cell, **pages)
    with tifffile.TiffWriter(folder / "two.ome.tif") as tif:
        for _ in range(2):
            tif.write(cell, metadata=dict(axes="ZYX"), **pages)
    for name, blank in (("first_page", (2, 0, 0)), ("frame", (0, 5, 0))):
        padded = np.pad(cell, [(n, 0) for n in blank])
        tifffile.imwrite(folder / f"{name}.tif", padded, **pages)
    np.save(folder / "flat.npy", cell[0])
    np.save(folder / "objects.npy", np.array([{}, {}]), allow_pickle=True)
    cell.tofile(folder / "plain.raw")
    nrrd.write(str(folder / "flat.nrrd"), cell[0])
    nrrd.write(str(folder / "whole.nrrd"), cell)
    (folder / "cut.nrrd").write_bytes((folder / "whole.nrrd").read_bytes()[:-40])
    folders = dict(gap=(0, 1, 3), stranger=(0, 1, "preview"), formats=(0, 1), twice=("1", "01"))
    for name, numbers in folders.items():
        (folder / name).mkdir()
        for number in numbers:
            Image.fromarray(cell[0]).save(folder / name / f"a_{number}.png")
    Image.fromarray(cell[0]).save(folder / "formats" / "a_2.tif")


def write_tomograms(folder: Path) -> None:
    "Grey values of a scanner: good ones, and others that are none."
    folder.mkdir()
    rng = np.random.default_rng(0)
    values = np.full((4, 64, 64), 80.0)
    values[:, 10:30, 10:50] = 160
    third, noise = values.copy(), 5 * rng.standard_normal(values.shape)
    third[:, 40:60, 40:60] = 230
    holes = (values + noise).astype(np.float32)
    holes[0, 0, :5] = np.nan
    stacks = dict(
        good=values + noise, three=third + noise, noise=120 + noise, constant=0 * values + 7,
        saturated=(values + noise).clip(84, 156), narrow=(values + noise)[:, 20:28])
    size = dict(imagej=True, resolution=(1.25, 1.25),
                metadata=dict(axes="ZYX", spacing=4.0, unit="um"))
    for name, stack in stacks.items():
        tifffile.imwrite(folder / f"{name}.tif", stack.round().astype(np.uint8), **size)
    tifffile.imwrite(folder / "nan.tif", holes, **size)


def write_restorers(folder: Path) -> None:
    "Narrow models that restore tomograms, of which one was not calibrated."
    ranges = dict(snr=[1.5, 30.0])
    k = dict(bias=0.0, bias_by_noise=0.0, factor=1.0, of_prediction=0.02)
    variants = dict(tomogram=dict(ranges=ranges, k=k), uncalibrated=dict(ranges=ranges))
    for name, numbers in variants.items():
        denoiser = UNet(8, 4, (8, 16), blocks=1, attention_levels=(), time_channels=16)
        model = Restorer(VolumeVAE(features=(8, 16)), denoiser, 2, numbers)
        save_model(model, folder / name)


def write_datasets(folder: Path) -> None:
    "Datasets of seven cells with one thing wrong in each."
    rng = torch.Generator().manual_seed(0)
    domain = torch.ones(7, 3, 1, 16, 16)
    domain[..., 4:9, 4:9] = 0
    u, u_2d = (torch.randn(7, 3, 3, 16, 16, generator=rng) * domain for _ in range(2))
    good = dict(domain=domain, U=u, U_2d=u_2d, p=domain, dxyz=torch.full((7, 3), 5e-5))

    def changed(name, place, value):
        tensor = good[name].clone()
        tensor[place] = value
        return {name: tensor}

    variants = dict(
        no_U_2d=dict(U_2d=None), cut={}, code=dict(p=CodeToRun()), list=dict(p=[1, 2]),
        rank=dict(U=u[:, 0].clone()), channels=dict(U=u.movedim(2, -1).contiguous()),
        number=dict(U_2d=u_2d[:6].clone()), half=dict(U=u.half()), whole=dict(U=u.long()),
        few={name: tensor[:6].clone() for name, tensor in good.items()},
        nan=changed("U", (2, 0, 0, 0, 0), torch.nan), inf=changed("p", (3, 0, 0, 0, 0), torch.inf),
        solid=changed("U", (1, 0, 0, 6, 6), 9.0), mask=changed("domain", (4, 0, 0, 0, 0), 0.5),
        extent=changed("dxyz", (5, 2), 0.0))
    for variant, change in variants.items():
        x = folder / variant / "x"
        x.mkdir(parents=True)
        for name, tensor in (good | change).items():
            if tensor is not None:
                torch.save(tensor, x / f"{name}.pt")
    cut = folder / "cut" / "x" / "U.pt"
    cut.write_bytes(cut.read_bytes()[:3000])


def write_models(
    folder: Path,
    model: Path,  # a good one
) -> None:
    "Models and published weights that are damaged."
    good = (model / "weights.safetensors").read_bytes()
    config = (model / "config.json").read_text()
    narrow, latent = json.loads(config), json.loads(config)
    narrow["denoiser"]["features"][-1] += 8
    latent["vae"]["latent_channels"] += 1
    variants = dict(
        weightless=(config, None), cut=(config, good[:len(good) // 2]),
        head=(config, b"\xff" * 8 + good[8:]), code=(config, pickle.dumps(CodeToRun())),
        widths=(json.dumps(narrow), good), latent=(json.dumps(latent), good),
        foreign=('{"layers": 3}', good), text=("{not JSON", good))
    for name, (text, weights) in variants.items():
        (folder / "models" / name).mkdir(parents=True)
        (folder / "models" / name / "config.json").write_text(text)
        if weights:
            (folder / "models" / name / "weights.safetensors").write_bytes(weights)
    (folder / "coded").mkdir()
    torch.save({"weights": CodeToRun()}, folder / "coded" / "model.pt")


def write_broken(folder: Path, model: Path) -> None:
    "All of them."
    write_scans(folder)
    write_confusing(folder)
    write_tomograms(folder / "tomograms")
    write_restorers(folder / "restorers")
    write_datasets(folder / "data")
    write_models(folder, model)
