"""Convert names of layers to parts of paths, and back.

PyTorch accepts any name: ``größe 2``, ``a/b::c``, ``head[0]``. Paths, and the wildcard ``layer`` of rules,
contain the escaped name; tables, figures and the atlas contain the name itself.
"""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

# longest escaped name: a file name may have 255 bytes, including its extension and, in the folders of a
# cluster's logs, the names of the network and the data set
LONGEST = 150
ESCAPED = r"[A-Za-z0-9_.~-]+"  # matches all results of :func:`path_name`
_SHORTENED = "~~"  # never occurs in escaped names
ARCHIVE = "zarr.zip"  # ending of stores of activations and matrices, see :mod:`census.stores.archives`


def path_name(layer: str) -> str:
    """Return a layer's name, escaped for use in paths.

    ASCII letters, digits, ``_``, ``.`` and ``-`` are kept. Every other byte of the name in UTF-8, and a
    leading ``.`` or ``-``, becomes ``~`` and two hexadecimal digits. (Slurm replaces ``%`` in the paths of
    logs, browsers decode it in addresses, and Parquet readers interpret ``=`` as partitions.) A name longer
    than :data:`LONGEST` keeps its beginning, followed by a digest.

    Examples
    --------
    >>> path_name("features.3.squeeze"), path_name("a/b::c")
    ('features.3.squeeze', 'a~2Fb~3A~3Ac')
    """
    escaped = quote(layer, safe="", errors="surrogatepass").replace("~", "%7E").replace("%", "~")
    if escaped[:1] in (".", "-"):
        escaped = f"~{ord(escaped[0]):X}{escaped[1:]}"
    if len(escaped) <= LONGEST:
        return escaped
    digest = hashlib.sha256(escaped.encode()).hexdigest()[:16]
    beginning = escaped[: LONGEST - len(_SHORTENED) - len(digest)]
    # not within an escape
    return re.sub(r"~[0-9A-F]?$", "", beginning) + _SHORTENED + digest


def layer_name(path: str, layers: Iterable[str] = ()) -> str:
    """Return the layer for a name in paths: the inverse of :func:`path_name`.

    Parameters
    ----------
    path : an escaped name from :func:`path_name`.
    layers : candidates for a shortened name; without a match, the shortened name is returned.
    """
    if _SHORTENED in path:
        return next((name for name in layers if path_name(name) == path), path)
    return unquote(path.replace("~", "%"), errors="surrogatepass")
