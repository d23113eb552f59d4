"""What params.yaml is refused with."""

from typing import Any

import pytest

from pawtrace.base.errors import ParamsError
from tests.conftest import WriteParams


def refusal(write_params: WriteParams, changes: dict[str, Any]) -> str:
    with pytest.raises(ParamsError) as error:
        write_params(changes)
    message = str(error.value)
    assert "\n" not in message
    return message
