"""The terms under which a dataset is passed on: license, its names elsewhere, and citation."""

import re

from idxpng.dataset.model import Dataset

# The Hugging Face Hub knows most licenses by their SPDX identifiers in lowercase, and a few by other names; it
# makes no difference between `only` and `or-later`.
# https://huggingface.co/docs/hub/repositories-licenses
SAME = """
    AFL-3.0 AGPL-3.0 Apache-2.0 Artistic-2.0 BSD-2-Clause BSD-3-Clause BSD-3-Clause-Clear BSL-1.0 CC-BY-2.0
    CC-BY-2.5 CC-BY-3.0 CC-BY-4.0 CC-BY-NC-2.0 CC-BY-NC-3.0 CC-BY-NC-4.0 CC-BY-NC-ND-3.0 CC-BY-NC-ND-4.0
    CC-BY-NC-SA-2.0 CC-BY-NC-SA-3.0 CC-BY-NC-SA-4.0 CC-BY-ND-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0
    CDLA-Permissive-1.0 CDLA-Permissive-2.0 CDLA-Sharing-1.0 ECL-2.0 EPL-1.0 EPL-2.0 etalab-2.0 EUPL-1.1 EUPL-1.2
    GPL-2.0 GPL-3.0 ISC LGPL-2.1 LGPL-3.0 LPPL-1.3c MIT MPL-2.0 MS-PL NCSA OFL-1.1 OSL-3.0 PostgreSQL Unlicense
    WTFPL Zlib
"""
HUB_NAMES = {name: name.lower() for name in SAME.split()} | {
    "C-UDA-1.0": "c-uda",
    "GFDL-1.3": "gfdl",
    "LGPLLR": "lgpl-lr",
    "ODC-By-1.0": "odc-by",
    "ODbL-1.0": "odbl",
    "PDDL-1.0": "pddl",
}

# Characters that BibTeX or the TeX behind it would act on.
TEX = str.maketrans(
    {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}  # BibTeX counts braces, also behind a backslash
    | {character: f"\\{character}" for character in "%&#$_"}
)


def license_text(dataset: Dataset) -> str:
    """What a user must know about a dataset's license, in paragraphs."""
    name = dataset.license["spdx"] or "uncertain"
    paragraphs = (f"License of {dataset.title}: {name}", dataset.license.get("note"), dataset.attribution)
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def hub_license(dataset: Dataset) -> dict[str, str]:
    """How the header of a dataset card names the license: ``license``, and what else the Hub asks for."""
    spdx = dataset.license["spdx"]
    if spdx is None:
        return {"license": "unknown"}
    name = re.sub("-(only|or-later)$", "", spdx)
    if name in HUB_NAMES:
        return {"license": HUB_NAMES[name]}
    return {"license": "other", "license_name": spdx.lower().replace(" ", "-"), "license_link": "LICENSE"}


def license_urls(dataset: Dataset) -> list[str]:
    """The license for metadata: its address, if it is one license, then what a user must know about it."""
    spdx, note = dataset.license["spdx"], dataset.license.get("note")
    if spdx is None or not re.fullmatch(r"[A-Za-z0-9.-]+", spdx) or spdx.startswith("LicenseRef-"):
        return [license_text(dataset)]
    return [f"https://spdx.org/licenses/{spdx}", *([note] if note else [])]


def bibtex(dataset: Dataset) -> str:
    """A BibTeX entry of what the dataset file says: title, authors, year, address, and how its authors cite it."""
    # In braces, a name stays whole that BibTeX would take for several, or for its parts in another order.
    names = [name.translate(TEX) for name in dataset.creators]
    authors = [f"{{{name}}}" if re.search("(?i) and |,", name) else name for name in names]
    fields = {
        "title": f"{{{dataset.title.translate(TEX)}}}",
        "author": " and ".join(authors),
        "year": (dataset.published or "")[:4],
        "url": dataset.url or "",
        "note": dataset.citation.translate(TEX),
    }
    lines = [f"  {key} = {{{text}}}" for key, text in fields.items() if text]
    return f"@misc{{{dataset.name},\n" + ",\n".join(lines) + "\n}"
