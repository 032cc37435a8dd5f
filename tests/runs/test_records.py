"""Records of a run's log: a line of JSON each, and what is no record of it."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.runs.lines import MOST_TEXT
from charlm_tui.runs.records import Record, from_line, to_line
from tests.support.run_logs import ALL, BATCH, EPOCH, SAMPLE


@pytest.mark.parametrize("record", ALL, ids=[each.kind for each in ALL])
def test_a_line_is_read_as_what_was_written(record: Record) -> None:
    line = to_line(record)
    assert "\n" not in line
    assert from_line(line) == from_line(line.encode("utf-8", "surrogatepass")) == record


def test_losses_are_written_in_bits_as_well() -> None:
    assert json.loads(to_line(EPOCH))["measured_bits"] == round(math.log2(math.e), 5)
    assert json.loads(to_line(BATCH))["loss_bits"] == round(2.5 * math.log2(math.e), 5)
    assert "measured_bits" not in json.loads(to_line(replace(EPOCH, measured_nats=None)))


def test_a_field_that_a_later_version_adds_is_left_out() -> None:
    line = json.dumps({**json.loads(to_line(EPOCH)), "later": [1, 2]})
    assert from_line(line) == EPOCH


def test_a_field_that_may_be_missing_has_its_default() -> None:
    values = json.loads(to_line(EPOCH))
    for name in ("measured_nats", "part", "parts", "file"):
        del values[name]
    assert from_line(json.dumps(values)) == replace(EPOCH, measured_nats=None)


@pytest.mark.parametrize(
    "line",
    [
        "", "x", "{}", "[]", "null", "7", '{"kind": "later", "at": 1}', '{"kind": []}', "[" * 10**5,
        to_line(EPOCH)[:-5],
        to_line(EPOCH).replace("2.0", '"two"'),
        to_line(EPOCH).replace("2.0", "NaN"),
        to_line(EPOCH).replace("2.0", "1e999"),
        to_line(EPOCH).replace('"epoch":1', '"epoch":-1'),
        to_line(EPOCH).replace('"epoch":1', '"epoch":true'),
        to_line(EPOCH).replace('"epoch":1,', ""),
        to_line(replace(SAMPLE, text="x" * (MOST_TEXT + 1))),
        "1" * 10**5,
        b"\xff\xfe{}",
    ],
)  # fmt: skip
def test_what_is_no_record_is_none(line: str | bytes) -> None:
    assert from_line(line) is None


@pytest.mark.slow
@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
))  # fmt: skip
def test_no_value_of_json_is_more_than_no_record(value: object) -> None:
    for kind in ("run", "batch", "epoch", "sample", "change", "end"):
        line = json.dumps({"kind": kind, "at": value, "epoch": value, "text": value})
        assert from_line(line) is None
    assert from_line(json.dumps(value)) is None
