"""Take units out of a layer, one by one and many together, and measure what the network's answers lose."""

from pathlib import Path

from census.jobs import job

with job(snakemake.log[0]) as log:
    import zlib

    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    import torch

    from census.ablation_tables import SAME, with_counts
    from census.activations.reading import open_store, statistic_blocks
    from census.activations.subset import choose_images
    from census.data.store import open_dataset
    from census.errors import StudyError
    from census.measures.ablation import (
        NONE,
        area_under,
        chance_accuracy,
        compare,
        mean_difference,
        removal_order,
        removed_units,
        worst_class,
    )
    from census.measures.bootstrap import estimate
    from census.measures.sparsity import sums_over_images
    from census.networks.build import build, channels_of
    from census.networks.device import choose_device, keep_freed_memory
    from census.networks.graph import Recorder, as_maps, layers_of, trace
    from census.networks.layers import select
    from census.networks.preprocess import Preprocess
    from census.networks.suffix import Suffix, run_changes, run_intact
    from census.networks.weights import load_weights
    from census.parts import places_of
    from census.tables import key_columns
    from census.units import sample_units

    params, key = snakemake.params, snakemake.wildcards.network
    entry, seed, batch, resamples = params.network, params.seed, params.batch, params.resamples
    # of a seeded sample of images to train on, over which a unit's mean is taken
    n_training = 1000
    keep_freed_memory()
    device = choose_device(snakemake.config["device"], snakemake.threads)
    preprocess = Preprocess(entry["input"])
    shape = channels_of(entry["input"]["color"]), entry["input"]["size"]

    def first_images(path, images, maps):
        """Return pixels and labels of the images that come first in a pass, and names of classes."""
        data = open_dataset(path)
        indices, n_first = choose_images(len(data.labels), images, maps, seed)
        return data.pixels.oindex[indices[:n_first]], data.labels[indices[:n_first]], data.classes

    def training_mean(path, traced, layer):
        """Return the mean of each unit of a layer over images to train on, and positions."""
        recorder, total = Recorder(traced, {layer.name: layer.node}), 0
        images, *_ = first_images(path, n_training, n_training)
        for first in range(0, len(images), batch):
            for _, values in recorder(preprocess(images[first : first + batch], device)):
                total += as_maps(values, layer.units_axis).double().mean((1, 2)).sum(0).cpu().numpy()
        return total / len(images)

    def read_column(path, checkpoint, name):
        """Return a column of a table of a layer's units; NaN for units that have no row in it."""
        table = pq.read_table(path, columns=["unit", name], filters=[("checkpoint", "=", checkpoint)])
        column = np.full(n_units, np.nan)
        column[table["unit"].to_numpy()] = table[name].to_numpy()
        return column

    def removal_orders(layer, checkpoint, means):
        """Return the orders in which units are removed: name, number of a random one, criterion, units."""
        random = [seed, zlib.crc32(layer.encode())]
        selectivity = read_column(snakemake.input.selectivity, checkpoint, "selectivity")
        # on pictures made for units it is known for the sampled ones only
        rs = "rs_iam" if len(chosen) == n_units else "rs_natural"
        substitution = read_column(snakemake.input.substitution, checkpoint, rs)
        return [
            *(
                ("random", number, None, np.random.default_rng([*random, number]).permutation(n_units))
                for number in range(params.random_orders)
            ),
            ("mean_activation", None, "mean_activation", removal_order(means)),
            ("selectivity", None, "selectivity", removal_order(selectivity)),
            ("rs", None, rs, removal_order(substitution)),
        ]

    def outcomes(suffix, changed, mode, average):
        """Return accuracy and loss of each image under each change, at last under none; and its class."""
        found = np.empty((2, len(changed) + 1, n_images))
        classes = np.empty(n_images, np.int64)
        for first in range(0, n_images, batch):
            block = slice(first, min(first + batch, n_images))
            here = labels[block] if params.labelled else None
            crossing = suffix.cross(preprocess(pixels[block], device))
            if mode == "resampled":
                others = suffix.cross(preprocess(pixels[donors[block]], device))
                replacement = as_maps(others[suffix.layer], suffix.units_axis)
            else:
                by = average if mode == "mean" else np.zeros(1)
                replacement = torch.from_numpy(by).float().to(device)[None, None, None, :]
            intact = run_intact(suffix, crossing, batch)
            classes[block] = intact.argmax(1) if here is None else here
            # an image that a change leaves as it is keeps these
            found[:, :, block] = np.stack(compare(intact, intact, here))[:, None]
            for change, image, logits in run_changes(suffix, crossing, changed, replacement, batch):
                now = compare(logits, intact[image], None if here is None else here[image])
                found[:, change, first + image] = now
        return found, classes

    def interval(values):
        """Return the mean over images of each row, with a bootstrap interval."""
        return estimate(lambda counts: counts @ values.T / n_images, n_images, resamples, seed)

    def columns_of(name, estimated):
        """Return an estimate as columns of a table."""
        return dict(zip((name, f"{name}_low", f"{name}_high"), estimated, strict=True))

    pixels, labels, class_names = first_images(snakemake.input.images, params.images, params.maps)
    n_images = len(labels)
    if params.labelled and not 0 <= labels.min() <= labels.max() < entry["classes"]:
        raise StudyError(
            f"{snakemake.input.images}: labels from {labels.min()} to {labels.max()} are not those of "
            f"{entry['classes']} classes; check networks.{key}.classes"
        )
    if params.labelled and len(np.unique(labels)) == 1:
        log.warning("all images are of one class: any constant answer is as accurate as can be")
    if not params.labelled:
        class_names = list(map(str, range(entry["classes"])))
    # a circle through all images, so that each map comes from another one
    circle = np.random.default_rng([seed, 0xC12C1E]).permutation(n_images)
    donors = np.empty(n_images, np.int64)
    donors[circle] = np.roll(circle, 1)

    # of a larger layer, several jobs take out blocks of units, and one more and more of them
    with_curves, with_units = snakemake.output.get("curves"), snakemake.output.get("units")
    blocks = [] if with_curves else places_of(with_units)
    taken_out = slice(None) if with_units else slice(0)
    if blocks:
        taken_out = slice(blocks[0].start, blocks[-1].stop)
    unit_tables, curve_tables, layer_tables = [], [], []
    for weights, path in zip(snakemake.input.weights, snakemake.input.stores, strict=True):
        store = open_store(path)
        attributes, (n_units, *_), n_stored = store.attrs, store.attrs["shape"], store["mean"].shape[0]
        name, checkpoint = attributes["layer"], attributes["checkpoint"]
        means = sums_over_images(statistic_blocks(store, "mean"), n_units).total / n_stored
        chosen = sample_units(n_units, params.units, seed, name)
        some = chosen[taken_out]
        # how fast a network that was not trained falls to chance is no question
        orders = removal_orders(name, checkpoint, means) if with_curves and checkpoint == "final" else []
        steps = [removed_units(order, params.steps) for *_, order in orders]
        alone = np.arange(n_units) == some[:, None]
        # all orders begin and end with the same
        distinct, places = np.unique(np.concatenate([alone, *steps]), axis=0, return_inverse=True)
        shares = steps[0].mean(1) if steps else np.empty(0)

        network = build(entry, seed, key)
        load_weights(network, Path(weights))
        traced = trace(network, key, in_place=True)
        (layer,) = select(layers_of(traced, *shape, key), [name], f"networks.{key}")
        traced = traced.to(device, memory_format=torch.channels_last)
        suffix = Suffix(traced, layer.node, *shape, layer.units_axis)
        for mode in params.modes:
            with torch.inference_mode():
                average = means
                if mode == "mean" and snakemake.input.get("train"):
                    average = training_mean(snakemake.input.train, traced, layer)
                (right, loss), classes = outcomes(suffix, distinct, mode, average)
            # the intact network comes last
            right_intact, loss_intact = right[-1], loss[-1]
            right, loss = right[places], loss[places]

            cost = mean_difference(loss[: len(some)], loss_intact, resamples, seed)
            gain = mean_difference(right[: len(some)], right_intact, resamples, seed)
            worst = worst_class(right[: len(some)], right_intact, classes)
            names = [None if label == NONE else class_names[label] for label in worst.label]
            columns = {
                "mode": [mode] * len(some),
                "unit": some,
                **columns_of("ablation_loss", cost),
                **columns_of("ablation_accuracy", gain),
                "ablation_worst_class": worst.drop,
                "worst_class": pa.array(names, pa.string()),
                SAME: (loss[: len(some)] == loss_intact).all(1),
            }
            unit_tables.append(pa.table(key_columns(attributes, len(some)) | columns))
            n_undefined = np.isnan(cost.value).sum()
            if n_undefined:
                log.warning("%s, %s: %d units give NaN", checkpoint, mode, n_undefined)

            areas = {}
            for number, (order, random, criterion, _) in enumerate(orders):
                first = len(some) + number * len(shares)
                curve = slice(first, first + len(shares))
                columns = {
                    "mode": [mode] * len(shares),
                    "order": [order] * len(shares),
                    "random_order": pa.array([random] * len(shares), pa.int64()),
                    "criterion": pa.array([criterion] * len(shares), pa.string()),
                    "share": shares,
                    "n_removed": steps[number].sum(1),
                    **columns_of("accuracy", interval(right[curve])),
                    **columns_of("loss", interval(loss[curve])),
                }
                curve_tables.append(pa.table(key_columns(attributes, len(shares)) | columns))
                areas.setdefault(order, []).append(area_under(right[curve].T, shares))
            columns = {
                "mode": mode,
                "reference": "labels" if params.labelled else "intact",
                "n_units": n_units,
                "n_images": n_images,
                "chance": chance_accuracy(classes),
                "accuracy": right_intact.mean(),
                "loss": loss_intact.mean(),
                "resamples": resamples,
            }
            for order in ("random", "mean_activation", "selectivity", "rs"):
                # of several random orders, the mean on each image
                of_images = np.mean(areas.get(order, np.full((1, n_images), np.nan)), axis=0)
                area = interval(of_images[None]) if order in areas else None
                for ending, place in (("", 0), ("_low", 1), ("_high", 2)):
                    columns[f"auc_{order}{ending}"] = None if area is None else area[place][0]
            totals = np.mean(areas["random"], axis=1) if "random" in areas else [None]
            columns["auc_random_least"], columns["auc_random_most"] = min(totals), max(totals)
            log.info("%s", columns)
            types = {column: pa.float64() for column in columns if column.startswith("auc_")}
            columns = {column: pa.array([value], types.get(column)) for column, value in columns.items()}
            layer_tables.append(pa.table(key_columns(attributes, 1) | columns))
    units, layers = pa.concat_tables(unit_tables), pa.concat_tables(layer_tables)
    if blocks:
        for path, block in zip(with_units, blocks, strict=True):
            pq.write_table(units.filter(pc.is_in(units["unit"], pa.array(chosen[block]))), path)
    if with_curves:
        pq.write_table(pa.concat_tables(curve_tables), snakemake.output.curves)
        if with_units:
            units, layers = with_counts(units, layers)
            pq.write_table(units, snakemake.output.units)
        pq.write_table(layers, snakemake.output.layer)
