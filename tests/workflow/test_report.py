"""The report of a whole study, in a browser."""

import json
import subprocess
import sys
import zipfile

import pytest

pytestmark = pytest.mark.slow


def test_the_report_shows_the_claims_first_and_every_figure(first, chromium, tmp_path):
    study, _ = first
    snakefile = ["-s", str(study.checkout / "Snakefile"), "--directory", str(study.folder)]
    configfile = ["--configfile", str(study.folder / "study.yaml")]
    for name in ("report.html", "report.zip"):
        subprocess.run(
            [sys.executable, "-m", "snakemake", "--report", str(tmp_path / name), *snakefile, *configfile],
            cwd=study.folder,
            check=True,
            capture_output=True,
        )
    figures = list((study.folder / "results/figures").rglob("*.png"))
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        inside = [name for name in archive.namelist() if name.endswith(".png")]
        assert len(inside) == len(figures)
        archive.extractall(tmp_path / "archive")
    (unpacked,) = (tmp_path / "archive").rglob("report.html")
    for page in (tmp_path / "report.html", unpacked):
        chromium.get_log("performance"), chromium.get_log("browser")
        chromium.get(page.as_uri())
        words = chromium.find_element("css selector", "body").text
        categories = words.partition("RESULT")[2].splitlines()[1:]
        # in the order of the alphabet
        starts = [
            "All claims",
            "Chen et al. 2018 (S3): ",
            "Claims: ",
            "Rupprecht 2017 (S0): ",
            "Rupprecht 2018 (S1): ",
            "Sadeghi 2018 (S2): ",
            "Software",
            "Unit measures: ",
            "Zhang 2015 (S4): ",
        ]
        listed = categories[: len(starts)]
        assert [each[: len(start)] for each, start in zip(listed, starts, strict=True)] == starts
        assert [each for each in chromium.get_log("browser") if each["level"] == "SEVERE"] == []
        events = (json.loads(each["message"])["message"] for each in chromium.get_log("performance"))
        asked = {
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        }
        assert {url for url in asked if not url.startswith(("data:", page.parent.as_uri()))} == set()
