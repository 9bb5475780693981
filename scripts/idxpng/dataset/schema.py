"""What a configuration and a dataset file must look like, and words for each mistake in it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from idxpng.dataset.strict_yaml import KeyPath, Place
from idxpng.errors import DataError
from idxpng.text import did_you_mean, shortened

TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "object": "pairs of a key and a value, as in {key: value}",
    "string": "text",
}
# What is allowed, by the rule of the schema.
ALLOWED = {
    **dict.fromkeys(("minLength", "minItems", "minProperties", "minimum"), "at least {:,}. "),
    **dict.fromkeys(("maxItems", "maximum"), "at most {:,}. "),
    "maxLength": "at most {:,} characters. ",
    "uniqueItems": "each item once. ",
    "contains": "{[const]}. ",
}


def check(
    document: Any, schema: dict[str, Any], display_name: str, places: Mapping[KeyPath, Place] | None = None
) -> None:
    """Check a document, which messages call ``display_name``, against its JSON schema.

    ``places``: where its values are, if it was read from a file; messages then say the line.

    Raises:
        DataError: for one mistake: the key, what was found and what is allowed.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if (error := best_match(Draft202012Validator(schema).iter_errors(document))) is None:
        return
    path = tuple(error.absolute_path)
    problem, expected, found = _in_words(error)
    todo = _quoted(error, (places or {}).get(path))
    if error.validator == "additionalProperties":
        path, todo = (*path, found), did_you_mean(found, error.schema["properties"])
    place = (places or {}).get(path)
    raise DataError(
        display_name,
        problem,
        at=".".join(str(key) for key in error.absolute_path) or None,
        expected=expected,
        found=shortened(found) + (f" ({place})" if place else ""),
        todo=todo,
    )


def _in_words(error: Any) -> tuple[str, str | None, str]:
    """The problem, what is allowed and what was found."""
    described, value, rule = error.schema.get("description", ""), error.validator_value, error.validator
    found = json.dumps(error.instance, ensure_ascii=False)
    if "://" in found:  # an address, whose user, password, and query are secret
        found = re.sub(r'(?<=://)[^\s"]*@|\?[^\s"]*', "", found)
    if rule == "additionalProperties":
        known = error.schema["properties"]
        return "unknown key", f"one of {', '.join(sorted(known))}", min(error.instance.keys() - known.keys())
    if rule in ("required", "dependentRequired"):
        # With `dependentRequired`, by the key that needs them.
        needed = [value] if rule == "required" else [value[key] for key in value if key in error.instance]
        missing = [key for keys in needed for key in keys if key not in error.instance]
        return "a key is missing", ", ".join(missing), ", ".join(sorted(error.instance)) or "nothing"
    if rule in ("type", "enum"):
        allowed = " or ".join(TYPES.get(name, name) for name in ([value] if isinstance(value, str) else value))
        problem = "wrong kind of value" if rule == "type" else "not allowed here"
        return problem, f"{allowed}. {described}".rstrip(), found
    allowed = ALLOWED.get(rule, "").format(value)
    return "not allowed here", f"{allowed}{described}".rstrip() or None, found


def _quoted(error: Any, place: Place | None) -> str | None:
    """How to write as text a value that YAML reads as a different type, such as no, on, or 7."""
    allowed = error.validator_value if error.validator == "type" else []
    if "string" not in allowed or place is None or not isinstance(error.instance, bool | int | float | None):
        return None
    meant = json.dumps(error.instance)
    read_as = "" if meant == place.text else f"YAML reads {place.text or 'nothing'} as {meant}: "
    return f'{read_as}put it in quotes if it is text: "{place.text}"'
