"""The base class of all mappings in the config, and its one-line error messages.

A mapping is a class. A key is an attribute with a type, a range, a default and a description below it.
Error messages and docs/reference/configuration.md are generated from these classes.
"""

import ast
import dataclasses
import datetime
import inspect
import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Len
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError

from census.errors import StudyError, nearest
from census.measures.declaration import Unique as Unique
from census.planning.renamed import renamed_key, renamed_value

Model = TypeVar("Model", bound="Settings")

# names of types in YAML; all others are mappings
_KINDS = {int: "integer", float: "number", str: "string", bool: "boolean", list: "list"}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}

# a number in YAML 1.2, but a string in the YAML 1.1 that Snakemake reads, which requires 1.0e-3
_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


class Settings(BaseModel):
    """A mapping of the config. It rejects unknown keys, converts no types and is immutable."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,
    )

    written_as: ClassVar[tuple[type[Any], ...]] = ()
    """The classes that describe its keys below their attributes; empty for the class itself."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the JSON schema with the descriptions of keys, from which the documentation is made."""
        written = handler(schema)
        keys = handler.resolve_ref_schema(written)["properties"]
        for key, text in descriptions(cls).items():
            keys[key]["description"] = text
        return written


@cache
def descriptions(model: type[Settings]) -> Mapping[str, str]:
    """Return the description below each key of a mapping, by key.

    They are read only when a message or the documentation needs them. Pydantic's ``use_attribute_docstrings``
    would read them at import, which would take most of the import's time.
    """
    found = {}
    written_as = model.written_as or (model,)
    # inherited keys are described in the base class
    for source in (base for each in written_as for base in reversed(each.__mro__)):
        if source in Settings.__mro__:
            continue
        (written,) = ast.parse(inspect.getsource(source)).body
        for key, below in pairwise(ast.iter_child_nodes(written)):
            match key, below:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                    found[name] = inspect.cleandoc(text)
    return found


def _number(value: Any) -> Any:
    """Return the number in a string such as ``1e-3``; other values unchanged."""
    return float(value) if isinstance(value, str) and _EXPONENT.fullmatch(value) else value


def _as_written(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    value = _number(value)
    if isinstance(value, bool):  # Python treats True as 1
        raise PydanticCustomError("bool_type", "no number")
    check(value)
    return value


def _handed_on(value: Any, key: str = "") -> Any:
    """Return a value with sorted keys and with numbers for strings such as ``1e-3``.

    Values that JSON cannot represent are refused, because jobs receive the config as JSON. Keys are sorted
    because their order changes no result, but would change the parameters of jobs.

    Parameters
    ----------
    value : value of one argument, or the mapping of all of them.
    key : path of the value below the config key, for messages.
    """
    if isinstance(value, dict):
        for name in value:
            if not isinstance(name, str):
                raise _fault(f"{key}: {_misread_name(name)}")
        return {name: _handed_on(each, f"{key}.{name}") for name, each in sorted(value.items())}
    if isinstance(value, list):
        return [_handed_on(each, f"{key}[{index}]") for index, each in enumerate(value)]
    if isinstance(value, str | int | float | None):
        return _number(value)
    raise _fault(f"{key}: cannot be {shown(value)}; put dates in quotes, or write numbers, texts or lists")


def _fault(line: str) -> PydanticCustomError:
    return PydanticCustomError("below", "{line}", {"line": line})


# 104 must stay 104: as 104.0 it would be a changed parameter, and all dependent jobs would rerun
AS_WRITTEN = WrapValidator(_as_written)
Number = Annotated[float, AS_WRITTEN]
Name = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]*$")]
Text = Annotated[str, Len(1)]
HOME = AfterValidator(os.path.expanduser)
Arguments = Annotated[dict[str, Any], AfterValidator(_handed_on)]
Positive = Annotated[int, Ge(1)]
NotNegative = Annotated[int, Ge(0)]


def model_of(name: str, parameters: Sequence[type[Any]]) -> type[Settings]:
    """Return the model of a config section with the keys of some dataclasses.

    Parameters of measures are plain dataclasses because importing pydantic would cost each job a tenth of a
    second. Measures that share a section may share a key; it then has one meaning for all of them.
    """
    keys: dict[str, Any] = {}
    for each in parameters:
        hints = get_type_hints(each, include_extras=True)
        for field in dataclasses.fields(each):
            default = field.default_factory() if callable(field.default_factory) else field.default
            keys.setdefault(field.name, (_strict(hints[field.name]), default))
    model = create_model(name, __base__=Settings, __doc__=parameters[0].__doc__, **keys)
    model.written_as = tuple(reversed(parameters))
    return model


def _strict(form: Any) -> Any:
    """Return a type in which numbers stay as written, see :data:`AS_WRITTEN`."""
    return Annotated[form, AS_WRITTEN] if float in _forms(form) else form


def read(model: type[Model], written: Mapping[str, Any]) -> Model:
    """Check a mapping of the config and fill in its defaults.

    Parameters
    ----------
    model : class of the mapping.
    written : the mapping as written.

    Raises
    ------
    StudyError : one line per fault, with the key and, for a misspelled name, the nearest valid one.
    """
    try:
        return model.model_validate(dict(written))
    except ValidationError as error:
        raise faulty(_lines(error.errors(), model)) from None


def faulty(lines: Iterable[str]) -> StudyError:
    """Return an error with one line per fault."""
    return StudyError("\n".join(f"config: {line}" for line in sorted(set(lines))))


def shown(value: Any) -> str:
    """Return a value as text, scalars as YAML writes them."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value) if isinstance(value, datetime.date) else repr(value)


def _lines(errors: Iterable[ErrorDetails], model: type[Settings]) -> list[str]:
    """Describe faults. If a value may have several forms, only faults within a form are listed."""
    found = [(_Place(error, model), error) for error in errors]
    told = {place.path for place, _ in found if not place.is_choice}

    def says_less(place: _Place) -> bool:
        within = (f"{place.path}.", f"{place.path}[")
        return place.is_choice and any(path == place.path or path.startswith(within) for path in told)

    return [_line(place, error) for place, error in found if not says_less(place)]


class _Place:
    """The config key that a pydantic error refers to.

    Attributes
    ----------
    path : the key, such as ``runs[0].layers``.
    above : the parent key.
    form : type of the key's value.
    description : description of the key; for items, that of the parent key.
    is_choice : whether the value may have several forms and matches none.
    """

    def __init__(self, error: ErrorDetails, model: type[Settings]) -> None:
        self.path, self.above, self.description = "", "", ""
        self.form: Any = model
        steps = list(error["loc"])
        while steps and steps[0] != "[key]":
            forms = _forms(self.form)
            if len(forms) > 1:  # the next step names one of them, as pydantic calls it
                containers = [form for form in forms if get_origin(form) in (list, dict)]
                if len(steps) == 1 or not containers:
                    break
                del steps[0]
                forms = containers
            step = steps.pop(0)
            self.above = self.path
            if get_origin(forms[0]) is list:
                self.path += f"[{step}]"
            else:
                self.path += f".{step}" if self.path else str(step)
            if get_origin(forms[0]) in (list, dict):
                self.form = get_args(forms[0])[-1]
            elif field := forms[0].model_fields.get(step):
                self.form, self.description = field.annotation, descriptions(forms[0]).get(str(step), "")
        self.is_choice = len(_forms(self.form)) > 1 and error["type"] != "predicate_failed"


def _line(place: _Place, error: ErrorDetails) -> str:
    """Describe a fault: the key, what is expected, and what was given."""
    value, context, forms = error["input"], error.get("ctx", {}), _forms(place.form)
    key, above = f"{place.path}: ", f"{place.above}: " if place.above else ""
    if renamed := renamed_key(place.path) or renamed_value(place.path, value):
        return renamed
    match error["type"]:
        case "extra_forbidden" | "invalid_key":
            name = error["loc"][-1] if error["type"] == "extra_forbidden" else value
            return f"{above}unknown key {shown(name)}{nearest(name, forms[0].model_fields)}"
        case "missing":
            return f"{above}the key {error['loc'][-1]!r} is missing"
        case _ if error["loc"][-1] == "[key]":
            allowed = "may hold lower-case letters, digits, '_' and '-' only"
            return above + (
                f"the name {value!r} {allowed}" if isinstance(value, str) else _misread_name(value)
            )
        case "below":
            return f"{place.path}{error['msg']}"
        case "predicate_failed":  # of Unique
            return f"{key}{value!r} holds something twice"
        case kind if kind.endswith("_type") and all(form in _KINDS for form in forms):
            return key + _wrong_type(value, place.form)
        case _ if place.is_choice:
            expected = " ".join(place.description.partition(";")[0].split())
            return f"{key}{shown(value)} is not valid; expected: {expected}"
        case _ if get_origin(forms[0]) is Literal:
            return f"{key}{shown(value)} is not valid{nearest(value, map(str, get_args(forms[0])))}"
        case kind if kind.endswith("_type") or kind == "finite_number":
            return key + _wrong_type(value, place.form)
        case "too_short" | "string_too_short" if context["min_length"] == 1:
            return f"{key}{shown(value)} should be non-empty"
        case "too_short":
            return f"{key}must have at least {context['min_length']} items, not {len(value)}"
        case "too_long":
            return f"{key}must have at most {context['max_length']} items, not {len(value)}"
        case _ if bounds := [(words, context[bound]) for bound, words in _BOUNDS.items() if bound in context]:
            (words, bound), *_ = bounds
            return f"{key}must be {words} {bound:g}, not {shown(value)}"
        case _:
            return f"{key}{shown(value)} is not valid"


def _forms(form: Any) -> list[Any]:
    """Return the types that a value may have, apart from null, without their ranges."""
    if get_origin(form) is Annotated:
        return _forms(get_args(form)[0])
    if get_origin(form) in (Union, UnionType):
        return [each for member in get_args(form) for each in _forms(member)]
    return [] if form is NoneType else [form]


def _wrong_type(value: Any, form: Any) -> str:
    """Describe the type that a value must have and, if known, how to write it."""
    kinds = [_KINDS.get(get_origin(each) or each, "mapping") for each in _forms(form)]
    kinds += ["null"] if NoneType in get_args(form) else []
    line, misread = f"must be of type {' or '.join(kinds)}, not {shown(value)}", _misread(value)
    if misread is not None and "string" in kinds:
        return f"{line} ({misread}); put it in quotes"
    if isinstance(value, str) and {"integer", "number"} & set(kinds):
        try:
            number = float(value)
        except ValueError:
            return line
        if math.isfinite(number):
            return f"{line}; write {int(number) if number.is_integer() else number}, without quotes"
    return line


def _misread(value: Any) -> str | None:
    """Return how YAML reads an unquoted name; None for a string or a collection."""
    if isinstance(value, bool):
        return "YAML reads yes, no, on, off, true and false as true or false"
    if isinstance(value, int | float):
        return "YAML reads it as a number"
    return "YAML reads it as a date" if isinstance(value, datetime.date) else None


def _misread_name(name: Any) -> str:
    reading = _misread(name) or "YAML reads it as null"
    return f"the name {shown(name)} must be a text ({reading}); put it in quotes"
