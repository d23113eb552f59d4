"""A project with one doubtful photo of each kind, and its page on a free port."""

import threading
from collections.abc import Iterator
from pathlib import Path

import keras
import pytest

from pawtrace.base.files import csv_text, write_json, write_text
from pawtrace.config.params import Params
from pawtrace.dataset.examples.raw import RawExample
from pawtrace.dataset.splitting.review import write_review
from pawtrace.dataset.splitting.splits import LABEL_CONFLICT
from pawtrace.learning.networks.model import build_classifier
from pawtrace.promotion.chosen_model import ChosenModel, recipe_input
from pawtrace.review.asked_photo import Answerer
from pawtrace.review.board import read_board
from pawtrace.review.server import ReviewServer
from tests.conftest import WriteParams, picture
from tests.dataset.photos import photo
from tests.learning.tiny import tiny_backbone, tiny_train
from tests.stages.raw_dataset import examples, jpeg

RECIPE = "from_scratch"
RAW = examples(6)
COPY = RawExample("again/<b>0.jpg", 1, RAW[0].encoded)  # a name that would be HTML
SUSPECT, ERROR = RAW[1].id, RAW[2].id
TRUNCATED, WEB_PAGE = "Cat/cut.jpg", "Cat/page.html"


@pytest.fixture
def params(write_params: WriteParams, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The project's params; its stages have left what the page reads."""
    monkeypatch.setattr("pawtrace.review.photos.read_raw", lambda _: iter([*RAW, COPY]))
    conflicts = [(RAW[0].id, LABEL_CONFLICT, ""), (COPY.id, LABEL_CONFLICT, "")]
    write_text(Path("data/splits/rejected.csv"), csv_text(("file", "reason", "picture"), conflicts))
    unusable = [(TRUNCATED, "truncated"), (WEB_PAGE, "HTML page"), ("Cat/.DS_Store", "no photo: not shown")]
    write_text(Path("data/raw/rejected.csv"), csv_text(("file", "reason"), unusable))
    suspect = {"id": SUSPECT, "split": "train", "label": "dog", "probability": 0.03}
    write_json(Path(f"reports/diagnosis/{RECIPE}.json"), {"suspects": [suspect]})
    folder = Path(f"models/{RECIPE}")
    (folder / "worst_errors").mkdir(parents=True)
    (folder / "worst_errors/00_attention.jpg").write_bytes(jpeg(picture(7)))
    row = ("worst_errors/00.jpg", ERROR, "cat", 0.99, "worst_errors/00_attention.jpg")
    columns = ("file", "id", "label", "probability", "attention")
    write_text(folder / "worst_errors.csv", csv_text(columns, [row]))
    for name, content in ((TRUNCATED, photo(3)[:-60]), (WEB_PAGE, b"<html>")):
        path = Path("photos", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    write_review({})
    return write_params({"data": {"source": "archive", "archive": "photos"}})


@pytest.fixture
def server(params: Params) -> Iterator[ReviewServer]:
    """The page, with a tiny model that is asked."""
    with ReviewServer(0, read_board(params), lambda *photo: tiny_answerer(params).answer(*photo)) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def tiny_answerer(params: Params) -> Answerer:
    """A tiny model that can be asked."""
    keras.utils.set_random_seed(0)
    model = Path(f"models/{RECIPE}/model.keras")
    build_classifier(tiny_train(backbone=str(tiny_backbone(Path("backbone.keras"))))).whole.save(model)
    return Answerer(ChosenModel(model, recipe_input(RECIPE, params)), params)
