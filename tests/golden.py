"""Record all values of a finished study, to compare two versions of the workflow.

    python tests/golden.py record RESULTS RECORD.json
    python tests/golden.py compare OLD.json NEW.json [--except facets]

Tables and arrays are recorded by measure, network, data set, layer, and checkpoint, whatever the files in
which they lie: a file may hold one layer or several. Figures are recorded by name, bitmaps by their bytes.
Differences are counted apart if the sums of the numbers agree to nine digits.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import zarr
from zarr.storage import ZipStore

Entry = list[str | float | int]
PLACE = ["network", "dataset", "layer", "checkpoint"]
# of a measure's tables, by their names or the ends of these
PARTS = {
    *("layer", "units", "spectrum", "directions", "resamples", "curves"),
    *("layers", "pairs", "adjacent", "orders", "relations"),
    *("depth", "families", "fits", "images", "paths"),
}


def digest(values: np.ndarray) -> Entry:
    """Return a digest of values; of floats also the sum of their sizes, and how many are not finite."""
    values = np.ascontiguousarray(values)
    content = repr(values.tolist()).encode() if values.dtype == object else values.tobytes()
    found = hashlib.sha256(f"{values.dtype} {values.shape}".encode() + content).hexdigest()[:16]
    if values.dtype.kind != "f":
        return [found]
    finite = np.isfinite(values)
    return [found, float(np.abs(values[finite].astype(np.float64)).sum()), int((~finite).sum())]


def tables(path: Path, kind: str) -> Iterator[tuple[str, Entry]]:
    """Yield the columns of a table, one by one, for each layer and checkpoint in it."""
    frame = pq.read_table(path).to_pandas()
    place = [name for name in PLACE if name in frame]
    groups = frame.groupby(place, sort=False, dropna=False) if place else [((), frame)]
    for values, rows in groups:
        for column in rows:
            key = "/".join([kind, *map(str, values), column])
            numbers = rows[column].to_numpy()
            # one type for integers, whichever library wrote them and whether some are null
            if numbers.dtype.kind in "iuf":
                numbers = numbers.astype(np.float64)
            yield key, digest(numbers)


def arrays(path: Path, kind: str) -> Iterator[tuple[str, Entry]]:
    """Yield the arrays of a store."""
    with ZipStore(path, read_only=True) as store:
        whole = zarr.open_group(store, mode="r")
        for name, array in whole.members(max_depth=None):
            if isinstance(array, zarr.Array):
                group, _, last = name.rpartition("/")
                attributes = whole[group].attrs
                # images made for units are of no data set
                place = [*path.parts[-3:-1], *(str(attributes[each]) for each in ("layer", "checkpoint"))]
                yield "/".join([kind, *place, last]), digest(array[...])


def kind_of(path: Path, results: Path) -> str:
    """Return the measure, and which of its tables or stores a file is: ``directions.spectrum.parquet``."""
    folder, measure, *_ = path.relative_to(results).parts
    name = path.name.removesuffix(".zip")  # a store
    part = Path(name).stem.rpartition(".")[2]
    named = [measure if folder == "measures" else folder, part if part in PARTS or folder == "census" else ""]
    return ".".join(filter(None, named)) + Path(name).suffix


def record(results: Path) -> dict[str, Entry]:
    """Return digests of all tables and arrays of measures and the census, and the names of all figures."""
    found: dict[str, Entry] = {}

    def add(key: str, value: Entry) -> None:
        if key in found:
            raise SystemExit(f"{key} is there twice")
        found[key] = value

    for folder in ("measures", "census"):
        for path in sorted((results / folder).rglob("*.parquet")):
            for key, value in tables(path, kind_of(path, results)):
                add(key, value)
        for path in sorted((results / folder).rglob("*.zarr.zip")):
            for key, value in arrays(path, kind_of(path, results)):
                add(key, value)
        for path in sorted((results / folder).rglob("*.tsv")):
            add(kind_of(path, results), [hashlib.sha256(path.read_bytes()).hexdigest()[:16]])
    for path in sorted((results / "figures").rglob("*.*")):
        content = path.read_bytes() if path.suffix == ".png" else b""
        add(str(path.relative_to(results)), [hashlib.sha256(content).hexdigest()[:16]])
    return found


def compare(old: dict[str, Entry], new: dict[str, Entry]) -> list[str]:
    """Return a line for each difference."""
    found = [f"missing: {key}" for key in sorted(old.keys() - new.keys())]
    found += [f"added: {key}" for key in sorted(new.keys() - old.keys())]
    for key in sorted(old.keys() & new.keys()):
        (before, *of_floats), (after, *of_others) = old[key], new[key]
        if before != after:
            close = bool(of_floats) and np.allclose(of_floats, of_others, rtol=1e-9, atol=0)
            found.append(f"{'rounded' if close else 'changed'}: {key}")
    return found


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["record", "compare"])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--except", dest="left_out", nargs="*", default=[], help="measures that may differ")
    given = parser.parse_args()
    if given.what == "record":
        found = record(given.first)
        given.second.write_text(json.dumps(found, indent=1, sort_keys=True))
        print(f"{len(found)} values")
        return
    old, new = (
        {
            key: value
            for key, value in json.loads(path.read_text()).items()
            if not key.removeprefix("figures/").startswith(tuple(given.left_out))
        }
        for path in (given.first, given.second)
    )
    different = compare(old, new)
    shown = [line for line in different if not line.startswith("rounded")]
    counted = f"{len(shown)} of {len(old)} differ, {len(different) - len(shown)} by rounding"
    print("\n".join([*shown[:100], counted]))
    sys.exit(bool(shown))


if __name__ == "__main__":
    main()
