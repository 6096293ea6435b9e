"""Texts as a workbook keeps them: what XML has no sign for stands as `_x` and four hexadecimal digits."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"_x((?!D[89A-F])[0-9A-F]{4})_", re.IGNORECASE)  # half a pair of surrogates is no character
_LIKE_ESCAPED = re.compile(r"_(?=x[0-9A-F]{4}_)", re.IGNORECASE)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def stored_text(text: str) -> str:
    r"""Return a text as a workbook stores it; characters that no workbook can hold become the replacement character.

    >>> stored_text("a\r\n_x0041_")
    'a_x000D_\n_x005F_x0041_'
    """
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", _LIKE_ESCAPED.sub("_x005F_", text).replace("\r", "_x000D_"))


def shown_text(text: str) -> str:
    r"""Return the text that a workbook stores.

    >>> shown_text("a_x000D_\n_x005F_x0041_")
    'a\r\n_x0041_'
    """
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
