"""The same predictions for readers, spreadsheets and programs."""

import csv
import io
import json

from pawtrace.inference.photo_table import Unpredicted, as_csv, as_json, as_table, photo_prediction

FOUND = [photo_prediction("a, b.jpg", 0.125), photo_prediction("longer name.jpg", 0.5)]


def test_the_probability_is_that_of_the_class() -> None:
    assert FOUND[0] == ("a, b.jpg", "cat", 0.875, 0.125)
    assert FOUND[1] == ("longer name.jpg", "dog", 0.5, 0.5)


def test_the_table_has_a_line_a_photo_in_aligned_columns() -> None:
    assert as_table(FOUND).splitlines() == [
        "file             class  probability",
        "a, b.jpg         cat         0.8750",
        "longer name.jpg  dog         0.5000",
    ]


def test_csv_keeps_every_digit_and_any_name() -> None:
    third = photo_prediction("c.jpg", 1 / 3)
    rows = list(csv.DictReader(io.StringIO(as_csv([*FOUND, third]))))
    assert rows[0] == {"file": "a, b.jpg", "class": "cat", "probability": "0.875", "p_dog": "0.125"}
    assert float(rows[2]["p_dog"]) == 1 / 3


def test_json_names_the_model_and_what_was_not_predicted() -> None:
    content = json.loads(as_json(FOUND, [Unpredicted("c.jpg", "truncated")], "models/a/model.keras"))
    assert content["model"] == "models/a/model.keras"
    assert content["predictions"][0] == {
        "file": "a, b.jpg", "class": "cat", "probability": 0.875, "p_dog": 0.125
    }  # fmt: skip
    assert content["unpredicted"] == [{"file": "c.jpg", "reason": "truncated"}]
