"""The range of the sampling settings."""

import dataclasses
import math

import pytest

from charlm_tui.errors import CharlmError
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import Settings


@pytest.mark.parametrize("temperature", [-0.1, -5e-324, math.nan, math.inf, -math.inf])
def test_a_temperature_that_is_no_temperature_is_wrong_usage(temperature: float) -> None:
    with pytest.raises(SettingsError, match=r"^temperature must be 0 \(greedy\)") as caught:
        Settings(temperature)
    assert isinstance(caught.value, CharlmError)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rng_seed", [-1, 2**64])
def test_an_rng_seed_out_of_range_is_wrong_usage(rng_seed: int) -> None:
    with pytest.raises(SettingsError, match=rf"^rng-seed must be .*, not {rng_seed}$"):
        Settings(rng_seed=rng_seed)


@pytest.mark.parametrize("temperature", [0.0, -0.0, 5e-324, 0.5, 1.7e308])
@pytest.mark.parametrize("rng_seed", [0, 2**64 - 1])
def test_every_value_in_range_is_taken(temperature: float, rng_seed: int) -> None:
    settings = Settings(temperature, rng_seed)
    assert (settings.temperature, settings.rng_seed) == (temperature, rng_seed)


def test_a_change_makes_a_new_object_that_is_checked_too() -> None:
    settings = Settings(0.5, 3)
    assert dataclasses.replace(settings, temperature=1.2) == Settings(1.2, 3)
    assert settings == Settings(0.5, 3)
    with pytest.raises(SettingsError):
        dataclasses.replace(settings, temperature=-1.0)
