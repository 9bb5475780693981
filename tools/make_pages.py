"""Write the generated tables in the pages of docs/.

Datasets come from datasets/*.yaml, keys from schemas/, and targets from the Snakefile and rules/.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
END = "<!-- end -->\n"


def main() -> dict[str, str]:
    """The text of each page with current tables, by path."""
    tables = {
        "datasets": _datasets(),
        "licenses": _licenses(),
        "configuration": _configuration(),
        "dataset keys": _dataset_keys(),
        "targets": _targets(),
        "archives": _digests("archive", "results/{dataset}/archive/{split}.tar"),
        "trees": _digests("tree", "results/{dataset}/png/{split}"),
    }
    pages = {}
    for path in sorted((ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for name, table in tables.items():
            mark = f"<!-- made by make docs: {name} -->\n"
            if mark in text:
                before, rest = text.split(mark)
                text = before + mark + table + END + rest.split(END, 1)[1]
        pages[f"docs/{path.name}"] = text
    return pages


def _table(*rows: tuple[str, ...]) -> str:
    """A Markdown table; the first row is the header."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |\n" for row in rows]
    return lines[0] + "|" + "---|" * len(rows[0]) + "\n" + "".join(lines[1:])


@cache
def _facts() -> dict[str, dict[str, Any]]:
    paths = sorted((ROOT / "datasets").glob("*.yaml"))
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}


def _datasets() -> str:
    rows = [("name", "images", "classes", "splits", "digests", "what")]
    for name, facts in _facts().items():
        files = [split[role] for split in facts["splits"].values() for role in ("images", "labels") if role in split]
        how = [file.get("verified", "none") for file in files]
        rows.append(
            (
                f"`{name}`",
                f"{sum(split.get('count', 0) for split in facts['splits'].values()):,}",
                str(len(facts["classes"])),
                ", ".join(f"`{split}`" for split in facts["splits"]),
                ", ".join(f"{how.count(each)} {each}" for each in sorted(set(how))),
                f"[{facts['title']}]({facts['url']})" if "url" in facts else facts["title"],
            )
        )
    return _table(*rows)


def _licenses() -> str:
    rows = [("datasets", "license", "cite")]
    groups: dict[tuple[str, str], list[str]] = {}
    for name, facts in _facts().items():
        spdx, note = facts["license"]["spdx"], facts["license"].get("note")
        attribution = f"Attribute as: {facts['attribution']}" if "attribution" in facts else None
        terms = ". ".join(part.rstrip(".") for part in (spdx or "Uncertain", note, attribution) if part) + "."
        groups.setdefault((_linked(terms), _linked(facts["citation"])), []).append(f"`{name}`")
    rows += [(", ".join(names), *words) for words, names in groups.items()]
    return _table(*rows)


def _digests(what: str, pattern: str) -> str:
    """The digests of archives or trees that the dataset files pin."""
    rows = [(what, "SHA-256")]
    for name, facts in _facts().items():
        for split, of_split in facts["splits"].items():
            if digest := of_split.get(f"{what}_sha256"):
                rows.append((f"`{pattern.format(dataset=name, split=split)}`", f"`{digest}`"))
    return _table(*rows)


def _linked(text: str) -> str:
    """``text`` with each DOI and arXiv number as a link."""
    text = re.sub(r"doi:(\S*\w)", r"[doi:\1](https://doi.org/\1)", text)
    return re.sub(r"arXiv:([\w.]*\w)", r"[arXiv:\1](https://arxiv.org/abs/\1)", text)


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = yaml.safe_load((ROOT / f"schemas/{name}.schema.yaml").read_text(encoding="utf-8"))
    return schema


def _configuration() -> str:
    rows = [("key", "default", "meaning")]
    for key, facts in _schema("config")["properties"].items():
        default = facts.get("default")
        shown = "none" if default in (None, {}) else f"`{default}`".replace("'", "").replace("False", "false")
        rows.append((f"`{key}`", shown, facts["description"]))
    return _table(*rows)


def _dataset_keys() -> str:
    schema = _schema("dataset")
    rows = [("key", "required", "meaning")]

    def add(prefix: str, properties: dict[str, Any], required: list[str]) -> None:
        for key, facts in properties.items():
            name = f"{prefix}{key}"
            if facts.get("$ref") == "#/$defs/file":
                rows.append((f"`{name}`", "yes" if key in required else "", "The file of the split: keys below."))
                continue
            rows.append((f"`{name}`", "yes" if key in required else "", facts["description"]))
            if "properties" in facts:
                add(f"{name}.", facts["properties"], facts.get("required", []))

    add("", schema["properties"], schema["required"])
    split = schema["properties"]["splits"]["additionalProperties"]
    add("splits.*.", split["properties"], split.get("required", []))
    add("splits.*.images.", schema["$defs"]["file"]["properties"], schema["$defs"]["file"]["required"])
    return _table(*rows)


def _targets() -> str:
    """The rules that are targets: those without an output."""
    rules = []
    for path in (ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))):
        for rule in re.split(r"^(?=rule )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            match = re.match(r'rule (\w+):\n    """(.*?)"""', rule, re.DOTALL)
            if match and "    output:" not in rule:
                rules.append((f"`{match[1]}`", match[2]))
    return _table(("target", "what"), *rules)


if __name__ == "__main__":
    for path, content in main().items():
        (ROOT / path).write_text(content, encoding="utf-8")
