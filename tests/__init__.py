"""The tests; what several of them share is in `support`, asserts and all."""

import pytest

pytest.register_assert_rewrite("tests.support")
