"""Keys and values of the config that have been renamed."""

import re

VERSION = "0.2.0"

# paths of old keys, as in docs/configuration.md, and the new names of the keys
KEYS = {
    "runs[].images": "n_images",
    "runs[].maps": "n_map_images",
    "runs[].checkpoint_images": "n_checkpoint_images",
    "runs[].ablation_images": "n_ablation_images",
    "runs[].unit_layers": "per_unit_layers",
    "runs[].units": "units_per_layer",
    "runs[].unit_checkpoints": "per_unit_checkpoints",
    "measures.ascent": "activation_maximization",
    "measures.facets.units_per_end": "units_per_extreme",
    "atlas.picture": "visualization",
    "atlas.neighbours": "correlated_units",
}
# old keys that are now in another mapping, and the new paths
MOVED = {"measures.alignment.directions": "measures.dictionaries.directions"}
# old values, by the paths of keys
VALUES = {
    "runs[].layers": {"rectified": "nonlinear"},
    "runs[].per_unit_layers": {"rectified": "nonlinear"},
    "runs[].per_unit_checkpoints": {"ends": "first_and_final"},
}


def renamed_key(path: str) -> str | None:
    """Return the error message for a key that was renamed or moved; None for any other key.

    >>> renamed_key("runs[0].maps")
    'runs[0].maps: renamed to n_map_images in version 0.2.0'
    """
    if path in MOVED:
        return f"{path}: moved to {MOVED[path]}"
    new = KEYS.get(_without_numbers(path))
    return new and f"{path}: renamed to {new} in version {VERSION}"


def renamed_value(path: str, value: object) -> str | None:
    """Return the error message for a renamed value, or a list that holds one; None for any other value.

    >>> renamed_value("runs[0].layers", ["input", "rectified"])
    "runs[0].layers: 'rectified' was renamed to 'nonlinear' in version 0.2.0"
    """
    new_names = VALUES.get(_without_numbers(path), {})
    for old in value if isinstance(value, list) else [value]:
        if isinstance(old, str) and old in new_names:
            return f"{path}: {old!r} was renamed to {new_names[old]!r} in version {VERSION}"
    return None


def _without_numbers(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)
