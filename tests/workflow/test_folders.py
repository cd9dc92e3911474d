"""Image folders with realistic names, in a whole workflow."""

import os
import shutil

import pandas as pd
import pytest

from census.data.store import open_dataset

pytestmark = pytest.mark.slow

DATA = [f"results/data/tiny/{split}.zarr" for split in ("train", "test")]
NAMES = {"blue-ish": "{braces}", "green-ish": os.fsdecode(b"$caf\xe9$"), "red-ish": "<b>日本 語"}
CLASSES = ["$caf\\xe9$", "<b>日本 語", "{braces}"]


def test_classes_of_any_name_are_merged_by_name(study):
    home = study.folder / "my {images}"
    (study.folder / "images").rename(home)
    for folder in home.glob("*/*"):
        folder.rename(folder.with_name(NAMES[folder.name]))
    shutil.rmtree(home / "test" / NAMES["green-ish"])
    study.config["datasets"]["tiny"]["path"] = {
        split: f"my {{images}}/{split}" for split in ("train", "test")
    }
    assert study.succeed(*DATA).jobs == {"dataset/tiny/train", "dataset/tiny/test"}
    for path, classes in zip(DATA, (CLASSES, CLASSES[1:]), strict=True):
        assert open_dataset(study.folder / path).classes == CLASSES
        table = pd.read_parquet((study.folder / path).with_suffix(".parquet"))
        assert table.groupby("class")["label"].unique().map(list).to_dict() == {
            name: [CLASSES.index(name)] for name in classes
        }
    log = (study.folder / "logs/dataset/tiny/test.log").read_text()
    assert "1 of 3 classes have no images: '$caf\\\\xe9$'" in log

    # what changes in a folder is seen, and that of one split only there
    os.utime(home / "test" / NAMES["blue-ish"], (1, 1))
    assert study.planned(*DATA) == {"dataset/tiny/test"}

    (home / "test/{zebra}").mkdir()
    ended = study.run("--dry-run")
    assert ended.status == 1
    assert "config: datasets.tiny.path.test: classes are those of 'my {images}/train'" in ended.output
    assert "also has others: '{zebra}'" in ended.output
    assert "Traceback" not in ended.output
