"""Settings of the whole test run."""

import pytest
from hypothesis import settings

# machines are shared: a test that is slow once is not a failure
settings.register_profile("patient", settings(deadline=None))
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked:
        import torch  # takes seconds, so only where a test asks for it

        if not torch.cuda.is_available():
            for item in marked:
                item.add_marker(pytest.mark.skip(reason="no CUDA device"))
