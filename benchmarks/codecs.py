"""What each compression of activation maps gives and costs, on chunks of real maps, without files."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.common import Options, Row, case, cpu_seconds
from census.networks.maps import as_maps
from census.stores.activations import IMAGE_BYTES, IMAGES_PER_MAP_CHUNK, map_compressors, numcodec

FLOAT16 = "float16, "


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    name, n_images, rounds = ("cnn", 8, 1) if options.quick else ("squeezenet1_1", 32, 3)
    with options.temporary("codecs") as folder:
        this = case(name, n_images, folder / "images.zarr")
        images = this.prepared.preprocess(next(this.images.batches(n_images, [0])))
    recorder = this.prepared.recorder({each.name: each.node for each in this.layers})
    chunks: list[np.ndarray] = []
    with torch.inference_mode():
        recorder(images, lambda _, values: chunks.extend(_chunks(as_maps(values).contiguous().clone())))
    raw = sum(chunk.nbytes for chunk in chunks)
    yield Row(f"{name}, {n_images} images, {len(chunks)} chunks: {this.origin}")
    yield Row("raw", [raw / 2**20], "MiB")
    zeros = sum(chunk.size - np.count_nonzero(chunk) for chunk in chunks) / (raw / 4)
    yield Row("share of values that are 0", [zeros])
    codecs = {
        "none": _functions(),
        "lz4": _functions("lz4"),
        "lz4, bytes shuffled": _functions("lz4", shuffle="shuffle"),
        "lz4, bits shuffled": _functions("lz4", shuffle="bitshuffle"),
        "blosclz": _functions("lz4", cname="blosclz"),
        "zstd": _functions("zstd"),
        "zstd, bits shuffled": _functions("zstd", shuffle="bitshuffle"),
    }
    # as a store would hold them; sizes and times stay relative to float32
    halves = [chunk.astype(np.float16) for chunk in chunks]
    codecs |= {f"{FLOAT16}{each}": _functions(each, "float16") for each in ("none", "lz4", "zstd")}
    encoding: dict[str, list[float]] = {each: [] for each in codecs}
    decoding: dict[str, list[float]] = {each: [] for each in codecs}
    ratios: dict[str, float] = {}
    # the first round warms up, and does not count
    for number in range(rounds + 1):
        for compression, (encode, decode) in codecs.items():
            size, to_encode, to_decode = 0, 0.0, 0.0
            for chunk in halves if compression.startswith(FLOAT16) else chunks:
                encoded: list[bytes] = []
                to_encode += cpu_seconds(lambda c=chunk, f=encode, e=encoded: e.append(f(c)))  # type: ignore[misc]
                to_decode += cpu_seconds(lambda f=decode, e=encoded: f(e[0]))  # type: ignore[misc]
                size += len(encoded[0])
            ratios[compression] = size / raw
            if number:
                encoding[compression].append(to_encode / (raw / 1e9))
                decoding[compression].append(to_decode / (raw / 1e9))
    for compression in codecs:
        copied = " (a copy in memory)" if compression.endswith("none") else ""
        yield Row(f"{compression}: size / raw", [ratios[compression]], "×")
        yield Row(f"{compression}: encode, CPU time per raw GB{copied}", encoding[compression], "s")
        yield Row(f"{compression}: decode, CPU time per raw GB{copied}", decoding[compression], "s")


def _chunks(maps: torch.Tensor) -> list[np.ndarray]:
    """Return maps in pieces of some images and rows, about as large as the chunks of a store."""
    rows = max(1, min(maps.shape[1], IMAGE_BYTES // (maps[0, 0].numel() * 4)))
    return [
        part.contiguous().numpy()
        for images in maps.split(IMAGES_PER_MAP_CHUNK)
        for part in images.split(rows, dim=1)
    ]


def _functions(
    compression: str = "none", dtype: str = "float32", **changed: str
) -> tuple[Callable[[np.ndarray], bytes], Callable[[bytes], object]]:
    """Return the functions that encode and decode a chunk as a store's codecs do, with changed settings."""
    configured = map_compressors(compression, dtype)
    if not configured:
        return np.ndarray.tobytes, bytearray
    (codec,) = configured
    blosc = numcodec({**codec, "configuration": {**codec["configuration"], **changed}})
    return blosc.encode, blosc.decode
