"""What is said when something is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from idxpng.errors import DataError


def refusal(call: Callable[..., object], *arguments: Any, error: type[DataError] = DataError, **options: Any) -> str:
    """The message of the error with which a call ends."""
    with pytest.raises(error) as raised:
        call(*arguments, **options)
    return str(raised.value)
