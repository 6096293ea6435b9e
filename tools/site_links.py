"""A hook of mkdocs: pages and files outside `docs/` that the documentation shows or links to become part of the site.

The pages of the repository link to one another by their places in it, so that the links work wherever the repository is
browsed. In the site the pages of `docs/` move up to the top; this hook rewrites the links to match.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
CARDS = ("CHANGELOG.md", "CONTRIBUTING.md", "data/README.md", "models/README.md")
_LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)")


def on_files(files: Any, config: Any) -> Any:  # noqa: ANN401 - mkdocs is untyped here
    """Add the pages that stand outside `docs/`, and every other file that a page links to."""
    pages = [Path("docs", file.src_uri) for file in files.documentation_pages()] + [Path(card) for card in CARDS]
    wanted = set(CARDS)
    for page in pages:
        linked = (_place(page, match[2]) for match in _LINK.finditer((ROOT / page).read_text(encoding="utf-8")))
        wanted |= {place for place in linked if not place.startswith("docs/") and (ROOT / place).is_file()}
    for place in sorted(wanted - {"README.md"}):
        files.append(File.generated(config, place, abs_src_path=str(ROOT / place)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:  # noqa: ANN401 - likewise
    """Rewrite the links of a page from places in the repository to places in the site."""
    uri = page.file.src_uri
    here = uri if page.file.generated_by else f"docs/{uri}"
    return _LINK.sub(lambda match: match[1] + _in_site(_place(Path(here), match[2]), uri), markdown)


def _place(page: Path, target: str) -> str:
    """Return where a link of a page leads, from the root of the repository."""
    return posixpath.normpath(posixpath.join(page.parent.as_posix(), target))


def _in_site(place: str, page: str) -> str:
    target = "index.md" if place == "README.md" else place.removeprefix("docs/")
    return posixpath.relpath(target, posixpath.dirname(page) or ".")
