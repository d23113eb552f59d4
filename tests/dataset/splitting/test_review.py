"""data/review.csv: read, written, applied; a line that is wrong is named."""

from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.examples.raw import RawExample
from pawtrace.dataset.splitting.review import read_review, write_review
from pawtrace.dataset.splitting.reviewed import reviewed
from tests.conftest import ROOT

PATH = Path("review.csv")


@pytest.mark.usefixtures("project")
def test_decisions_are_read_as_written_in_the_order_of_the_files() -> None:
    write_review({"b, c.jpg": "drop", "a.jpg": "dog"}, PATH)
    assert PATH.read_text() == 'file,decision\na.jpg,dog\n"b, c.jpg",drop\n'
    assert read_review(PATH) == {"a.jpg": "dog", "b, c.jpg": "drop"}


@pytest.mark.usefixtures("project")
def test_a_table_that_a_spreadsheet_saved_is_read() -> None:
    PATH.write_bytes("\ufefffile,decision\r\na.jpg,keep\r\n\r\n".encode())
    assert read_review(PATH) == {"a.jpg": "keep"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "an empty file"),
        ("photo,what\n", "expected the columns file,decision, found photo,what"),
        ("file,decision\na.jpg,delete\n", "review.csv:2: expected a file and one of keep, drop, cat, dog"),
        ("file,decision\na.jpg\n", "review.csv:2: "),
        ('file,decision\n"a.jpg,drop\n', "expected CSV"),
    ],
)
@pytest.mark.usefixtures("project")
def test_another_content_is_refused_by_its_line(content: str, said: str) -> None:
    PATH.write_text(content)
    with pytest.raises(DataError) as error:
        read_review(PATH)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_dropped_examples_are_left_out_and_others_get_the_label_that_was_decided() -> None:
    examples = [RawExample(name, 0, b"") for name in "abcd"]
    kept = list(reviewed(examples, {"a": "drop", "b": "dog", "c": "keep"}))
    assert [(example.id, example.label) for example in kept] == [("b", 1), ("c", 0), ("d", 0)]


def test_the_project_begins_with_a_table_without_decisions() -> None:
    assert isinstance(read_review(ROOT / "data/review.csv"), dict)
