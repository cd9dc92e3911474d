"""Read checkpoints as data, without importing or calling anything that a file names.

A pickle names the function or class that makes each object, with its arguments. Here these names become inert
records, except those of plain containers and tensors. The elements of tensors are stored next to the pickle.
PyTorch's notes on serialization document the layout of the files.
"""

import collections
import pickle
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from census.errors import StudyError
from census.jobs import LOGGER
from census.networks.formats import format_of

# element types of storages, by class name without the ending `Storage`
_DTYPES = {
    "Double": torch.float64,
    "Float": torch.float32,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Bool": torch.bool,
    "ComplexFloat": torch.complex64,
    "ComplexDouble": torch.complex128,
    "Untyped": torch.uint8,
    # quantized tensors: their storages are read, the tensors become inert records
    "QInt8": torch.uint8,
    "QUInt8": torch.uint8,
    "QInt32": torch.int32,
    "QUInt4x2": torch.uint8,
    "QUInt2x4": torch.uint8,
}


# the module of Python's built-in types, and its name in pickles that Python 2 can read
_BUILTINS = ("builtins", "__builtin__")


class Inert(dict):
    """An inert record of an object that is no tensor, container, number or string.

    The record holds the items of a mapping. Arguments and the items of lists are dropped.

    Attributes
    ----------
    name : the function or class that the pickle names, as ``module.name``.
    state : the object's pickled state; None if it has none.
    """

    name: ClassVar[str] = ""
    state: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> "Inert":  # noqa: D102
        made = super().__new__(cls)
        made.state = None
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ignore the arguments."""

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def _leave_out(self, *args: Any, **kwargs: Any) -> "Inert":
        return self

    __call__ = append = extend = add = _leave_out
    # may be the key of a mapping
    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__


class _Reader(pickle.Unpickler):
    """Unpickle containers, numbers, strings and tensors; all other objects become inert records.

    Parameters
    ----------
    file : the file with the pickle.
    storage : returns all elements of a storage as a tensor with one axis.
    """

    def __init__(self, file: IO[bytes], storage: Callable[..., Tensor]) -> None:
        super().__init__(file, encoding="latin1")
        self._storage = storage
        self._known: dict[str, Any] = {
            "collections.OrderedDict": collections.OrderedDict,
            "torch.Size": _size,
            **{f"{module}.{kind.__name__}": kind for module in _BUILTINS for kind in (set, frozenset)},
            "torch._utils._rebuild_tensor": _tensor,
            "torch._utils._rebuild_tensor_v2": _tensor,
            "torch._utils._rebuild_tensor_v3": _tensor_of_bytes,
            "torch._utils._rebuild_parameter": _data,
            "torch._utils._rebuild_parameter_with_state": _data,
            "torch._tensor._rebuild_from_type": _of_type,
            "torch._tensor._rebuild_from_type_v2": _of_type,
        }

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        # new functions for each file, so that no file can change those of the next
        if full not in self._known:
            self._known[full] = type("Inert", (Inert,), {"name": full})
        known = self._known[full]
        return known if isinstance(known, type) else lambda *args: known(*args)

    def load(self) -> Any:
        """Return the content of the pickle, and log the objects that were not restored."""
        content = super().load()
        known = [each for each in self._known.values() if isinstance(each, type) and issubclass(each, Inert)]
        names = sorted(each.name for each in known if not each.name.startswith("torch."))
        if names:
            shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
            LOGGER.info("not restored from the checkpoint, because this would run code: %s", shown)
        return content

    def persistent_load(self, saved: Any) -> Any:
        kind, *rest = saved
        # whole modules were saved with their source code
        return self._storage(*rest) if kind == "storage" else rest[0]


def _size(*args: Any) -> tuple[int, ...]:
    return tuple(*args)


def _tensor(storage: Tensor, offset: int, size: Sequence[int], stride: Sequence[int], *others: Any) -> Tensor:
    if len(others) > 2 and others[2]:
        raise ValueError("a complex tensor is conjugated lazily: save tensor.resolve_conj()")
    return storage.as_strided(tuple(size), tuple(stride), offset)


def _tensor_of_bytes(
    storage: Tensor, offset: int, size: Sequence[int], stride: Sequence[int], _: Any, __: Any, dtype: Any
) -> Tensor:
    return _tensor(storage.view(getattr(torch, dtype.name.removeprefix("torch."))), offset, size, stride)


def _data(data: Any, *others: Any) -> Any:
    return data


def _of_type(function: Callable[..., Any], kind: Any, args: Sequence[Any], *others: Any) -> Any:
    return function(*args)


def _dtype(kind: Any) -> torch.dtype:
    """Return the element type of a storage from its class."""
    name = kind.name.rpartition(".")[2].removesuffix("Storage")
    if name not in _DTYPES:
        raise ValueError(f"storages of the kind {kind.name} hold no plain numbers")
    return _DTYPES[name]


def _read_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        (folder,) = {name.partition("/")[0] for name in names if name.partition("/")[2] == "data.pkl"}
        # torch can omit checksums, and then writes 0 for all of them
        if not any(info.CRC for info in archive.infolist()):
            for info in archive.infolist():
                info.CRC = None  # type: ignore[assignment]
        if f"{folder}/byteorder" in names and archive.read(f"{folder}/byteorder") != b"little":
            raise StudyError(
                f"{path} was written on a big-endian machine; load it there, and save it as safetensors"
            )
        storages: dict[str, Tensor] = {}

        def storage(kind: Any, key: str, location: str, count: int) -> Tensor:
            if key not in storages:
                info = archive.getinfo(f"{folder}/data/{key}")
                data = bytearray(info.file_size)
                with archive.open(info) as file:
                    file.readinto(data)  # type: ignore[attr-defined]
                dtype = _dtype(kind)
                storages[key] = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
            return storages[key]

        with archive.open(f"{folder}/data.pkl") as file:
            return _Reader(file, storage).load()


def _read_legacy(path: Path) -> Any:
    storages: dict[str, Tensor] = {}
    size = path.stat().st_size

    def storage(kind: Any, key: str, location: str, count: int, view: Any = None) -> Tensor:
        dtype = _dtype(kind)
        if count * dtype.itemsize > size:
            raise EOFError("a tensor is larger than the file")
        if key not in storages:
            storages[key] = torch.empty(count, dtype=dtype)
        return storages[key] if view is None else storages[key][view[1] : view[1] + view[2]]

    with path.open("rb") as file:
        # the magic number, the version of the format, and the sizes of C integers
        for _ in range(3):
            _Reader(file, storage).load()
        content = _Reader(file, storage).load()
        # the elements follow, in this order
        for key in _Reader(file, storage).load():
            (count,) = struct.unpack("<q", file.read(8))
            data = storages[key]
            elements = data.view(torch.uint8).numpy().data
            if count != len(data) or file.readinto(elements) != data.nbytes:
                raise EOFError("the file ends within a tensor")
    return content


def read_checkpoint(path: Path) -> Any:
    """Read a checkpoint: a ``safetensors`` file, or a file of any version of ``torch.save``.

    Parameters
    ----------
    path : the checkpoint; its format follows from its content, not from its file extension.

    Returns
    -------
    the saved containers, numbers, strings and tensors, with an :class:`Inert` record for any other object.
    Tensors are on the CPU and keep the precision of the file.

    Raises
    ------
    StudyError : the file is no checkpoint, or is damaged.
    """
    kind = format_of(path)
    read: dict[str, Callable[[Path], Any]] = {
        "safetensors": load_file,
        "zip": _read_zip,
        "legacy": _read_legacy,
    }
    try:
        return read[kind](path)
    except StudyError:
        raise
    except (EOFError, pickle.UnpicklingError, SafetensorError, struct.error, zipfile.BadZipFile) as error:
        raise StudyError(
            f"{path} is truncated or damaged: {error}; download it again, or save it again"
        ) from error
    except Exception as error:  # a pickle can go wrong in any way
        raise StudyError(
            f"{path} cannot be read as weights ({type(error).__name__}: {error}); "
            "save the state dict alone, torch.save(network.state_dict(), …)"
        ) from error
