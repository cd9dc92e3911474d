"""The console summary of a finished study."""

from census.claims.summary import summary


def test_without_verdicts_only_the_time_is_shown(tmp_path):
    assert summary(tmp_path, 61.4) == "Finished in 1 min 1 s."
    assert summary(tmp_path, 7500) == "Finished in 2 h 5 min."


def test_verdicts_are_counted_for_each_network_and_over_seeds_if_there_are_several(tmp_path):
    (tmp_path / "census").mkdir()
    rows = [
        ("cnn", "", "contradicted"),
        ("cnn", "0", "supported"),
        ("cnn", "1", "supported"),
        ("mlp", "0", "supported, not learned"),
        ("mlp", "0", "inconclusive"),
    ]
    table = [
        "network\tseed\tdataset\tverdict",
        *(f"{net}\t{seed}\tclothes\t{word}" for net, seed, word in rows),
    ]
    (tmp_path / "census/claims.tsv").write_text("\n".join(table))
    (tmp_path / "atlas").mkdir()
    (tmp_path / "atlas/index.html").touch()
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/claims.pdf").touch()
    assert summary(tmp_path, 5, {"mlp": [2]}).splitlines() == [
        "Finished in 5 s.",
        "cnn (2 seeds) on clothes: 0 supported; 0 supported, not learned; 1 contradicted; 0 inconclusive",
        "mlp (training failed from seed 2) on clothes: "
        "0 supported; 1 supported, not learned; 0 contradicted; 1 inconclusive",
        f"Claims: {tmp_path}/census/claims.tsv",
        f"Figure: {tmp_path}/figures/claims.pdf",
        f"Atlas: {tmp_path}/atlas/index.html",
        "Report: make report",
    ]
