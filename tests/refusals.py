"""What is said when something is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from idxpng.errors import DataError


def refusal(call: Callable[..., object], *arguments: Any, **options: Any) -> str:
    """The message of the `DataError` with which a call ends."""
    with pytest.raises(DataError) as raised:
        call(*arguments, **options)
    return str(raised.value)
