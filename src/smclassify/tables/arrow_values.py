"""Values of Arrow as Python has them, and as text where Python has none. Needs the extra `parquet`."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from smclassify.tables.convert import unique_names

CANNOT_HOLD = (ValueError, OverflowError, KeyError, pa.ArrowException)
"""What pyarrow raises for a value that Python cannot hold."""
_SECOND = 10**9  # nanoseconds
_PER_UNIT = {"s": _SECOND, "ms": 10**6, "us": 1000, "ns": 1}
_FIRST_DAY = date(1970, 1, 1).toordinal() - 1
_DAYS = 146_097  # in four hundred years, after which the calendar repeats
_SECONDS = 86_400


def values_of(column: pa.Array) -> list[Any]:
    """Return the values of a column; a date, a time or a duration that Python cannot hold is a text.

    Raises:
        ValueError: A value is none, such as a text that is not UTF-8; perhaps another error of `CANNOT_HOLD`.
    """
    try:
        if not _has_nanoseconds(column.type):
            return list(column.to_pylist())
        if not pa.types.is_nested(column.type):
            return list(column.cast(_in_microseconds(column.type)).to_pylist())
    except CANNOT_HOLD:
        pass
    return [value_of(scalar) for scalar in column]


def value_of(scalar: pa.Scalar) -> Any:  # noqa: ANN401 - whatever Arrow can hold
    """Return one value, as `values_of`; of a nested value, each one in it by itself.

    Raises:
        ValueError: As for `values_of`.
    """
    if not scalar.is_valid:
        return None
    match scalar:
        case pa.StructScalar():
            names = unique_names([field.name for field in scalar.type])
            return dict(zip(names, [value_of(scalar[place]) for place in range(len(names))], strict=True))
        case pa.MapScalar():
            return [(value_of(entry[0]), value_of(entry[1])) for entry in scalar.values]
        case pa.ListScalar():
            return [value_of(inner) for inner in scalar.values]
    return _plain(scalar)


def _plain(scalar: pa.Scalar) -> Any:  # noqa: ANN401 - whatever Arrow can hold
    if not pa.types.is_temporal(scalar.type):
        return scalar.as_py()
    try:
        return scalar.cast(_in_microseconds(scalar.type)).as_py()
    except CANNOT_HOLD:
        return _text(scalar)


def _has_nanoseconds(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(_has_nanoseconds(field.type) for field in kind)
    if pa.types.is_map(kind):
        return _has_nanoseconds(kind.key_type) or _has_nanoseconds(kind.item_type)
    if pa.types.is_nested(kind):
        return _has_nanoseconds(kind.value_type)
    return getattr(kind, "unit", None) == "ns"


def _in_microseconds(kind: pa.DataType) -> pa.DataType:
    """Return the finest type that Python can hold: nanoseconds are cut off without a word, or need pandas."""
    if getattr(kind, "unit", None) != "ns":
        return kind
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return pa.duration("us") if pa.types.is_duration(kind) else pa.time64("us")


def _text(scalar: pa.Scalar) -> str:
    """Return a date, a time or a duration as `as_text` has it; a moment in a zone that Python lacks is told in UTC."""
    kind = scalar.type
    if pa.types.is_date(kind):
        return _day(scalar.value if pa.types.is_date32(kind) else scalar.value // (_SECONDS * 1000))
    nanoseconds = scalar.value * _PER_UNIT[kind.unit]
    if pa.types.is_duration(kind):
        return ("-" if nanoseconds < 0 else "") + _clock(abs(nanoseconds))
    days, rest = divmod(nanoseconds, _SECONDS * _SECOND)
    if not pa.types.is_timestamp(kind):
        return _clock(rest)
    try:
        in_zone = pa.scalar(nanoseconds // 1000, pa.timestamp("us", kind.tz)).as_py().isoformat(timespec="microseconds")
    except CANNOT_HOLD:
        return f"{_day(days)}T{_clock(rest)}{'+00:00' if kind.tz else ''}"
    return f"{in_zone[:26]}{nanoseconds % 1000:03d}{in_zone[26:]}"


def _day(days: int) -> str:
    cycles, rest = divmod(days + _FIRST_DAY, _DAYS)
    day = date.fromordinal(rest + 1)
    year = day.year + 400 * cycles
    return f"{year:0{4 + (year < 0)}d}-{day.month:02d}-{day.day:02d}"


def _clock(nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, _SECOND)
    minutes, seconds = divmod(seconds, 60)
    digits = f"{fraction:09d}".removesuffix("000")
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{'.' + digits if fraction else ''}"
