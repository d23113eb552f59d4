"""The history of a training in the formats that people have."""

import json
from pathlib import Path

import keras
import pytest

from pawtrace.base.errors import DataError
from pawtrace.foreign.reading.history_file import read_history

CURVES = {"loss": [0.7, 0.5], "accuracy": [0.5, 0.8], "val_loss": [0.7, 0.6], "val_accuracy": [0.5, 0.7]}


def test_csv_json_and_what_fit_returns_are_the_same(tmp_path: Path) -> None:
    lines = ["epoch," + ",".join(CURVES)]
    lines += [f"{n}," + ",".join(str(curve[n]) for curve in CURVES.values()) for n in range(2)]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    (tmp_path / "log.json").write_text(json.dumps(CURVES))
    returned = keras.callbacks.History()
    returned.history = CURVES
    for source in (tmp_path / "log.csv", tmp_path / "log.json", returned, CURVES):
        history = read_history(source)
        assert history.epoch == (1, 2)
        assert history.val_accuracy == (0.5, 0.7)


def test_dvclives_folder_is_read(tmp_path: Path) -> None:
    for name, values in {"train/loss": [0.7, 0.5], "eval/accuracy": [0.5, 0.8]}.items():
        path = tmp_path / "plots/metrics" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        column = name.rsplit("/", 1)[-1]
        path.write_text(f"step\t{column}\n" + "".join(f"{n}\t{v}\n" for n, v in enumerate(values)))
    history = read_history(tmp_path)
    assert history.loss == (0.7, 0.5)
    assert history.val_accuracy == (0.5, 0.8)


@pytest.mark.parametrize("text", ["", "epoch,score\n0,1\n", '{"auc": [1]}'])
def test_without_a_loss_it_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "log").write_text(text)
    with pytest.raises(DataError, match="expected a column loss"):
        read_history(tmp_path / "log")
