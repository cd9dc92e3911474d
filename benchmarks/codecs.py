"""Size and time of each compression of activation maps, on chunks of real maps, without files."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch

from benchmarks.common import Options, Row, case, in_turn
from census.networks.maps import as_maps
from census.stores.activations import IMAGE_BYTES, IMAGES_PER_MAP_CHUNK, map_compressors, numcodec


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
    # as a store would hold them; sizes and times stay relative to float32
    halves = [chunk.astype(np.float16) for chunk in chunks]
    works = {
        "none": partial(_costs, chunks, "none"),
        "lz4": partial(_costs, chunks, "lz4"),
        "lz4, bytes shuffled": partial(_costs, chunks, "lz4", shuffle="shuffle"),
        "lz4, bits shuffled": partial(_costs, chunks, "lz4", shuffle="bitshuffle"),
        "blosclz": partial(_costs, chunks, "lz4", cname="blosclz"),
        "zstd": partial(_costs, chunks, "zstd"),
        "zstd, bits shuffled": partial(_costs, chunks, "zstd", shuffle="bitshuffle"),
        **{f"float16, {each}": partial(_costs, halves, each) for each in ("none", "lz4", "zstd")},
    }
    for compression, costs in in_turn(rounds, works).items():
        sizes, encoding, decoding = np.stack(costs, 1)
        copied = " (a copy in memory)" if compression.endswith("none") else ""
        yield Row(f"{compression}: size / raw", sizes[:1] / raw, "×")
        yield Row(f"{compression}: encode, CPU time per raw GB{copied}", encoding / (raw / 1e9), "s")
        yield Row(f"{compression}: decode, CPU time per raw GB{copied}", decoding / (raw / 1e9), "s")


def _chunks(maps: torch.Tensor) -> list[np.ndarray]:
    """Return maps in pieces of some images and rows, about as large as the chunks of a store."""
    rows = max(1, min(maps.shape[1], IMAGE_BYTES // (maps[0, 0].numel() * 4)))
    return [
        part.contiguous().numpy()
        for images in maps.split(IMAGES_PER_MAP_CHUNK)
        for part in images.split(rows, dim=1)
    ]


def _costs(chunks: Sequence[np.ndarray], compression: str, **changed: str) -> np.ndarray:
    """Return the encoded size of chunks in bytes, and the CPU seconds of encoding and of decoding them.

    The codec is that of a store, with changed settings.
    """
    encode: Callable[[np.ndarray], bytes] = np.ndarray.tobytes
    decode: Callable[[bytes], object] = bytearray
    for codec in map_compressors(compression, str(chunks[0].dtype)):
        blosc = numcodec({**codec, "configuration": {**codec["configuration"], **changed}})
        encode, decode = blosc.encode, blosc.decode
    costs = np.zeros(3)
    for chunk in chunks:
        start = time.process_time()
        encoded = encode(chunk)
        middle = time.process_time()
        decode(encoded)
        costs += len(encoded), middle - start, time.process_time() - middle
    return costs
