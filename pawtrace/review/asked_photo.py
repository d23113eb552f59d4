"""The prediction for a photo that is dropped on the page, and the part of the photo that decides it."""

import threading
from typing import Any

import numpy as np

from pawtrace.config.params import Params
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.evaluation.pictures import attention_jpeg
from pawtrace.inference.photo_predictions import photo_classifier, predict_views, views_of
from pawtrace.inference.photo_table import photo_prediction
from pawtrace.inference.photos import photo_record
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.probes.grad_cam import attention_maps
from pawtrace.promotion.chosen_model import ChosenModel
from pawtrace.promotion.model_sentence import model_sentences
from pawtrace.report.data_uris import data_uri

_QUALITY = 90


class Answerer:
    """A loaded model that is asked about one photo at a time, from any thread."""

    def __init__(self, chosen: ChosenModel, params: Params) -> None:
        """Load the model.

        Raises:
          TrainingError: the file is no classifier of cats and dogs.
        """
        self._chosen, self._params = chosen, params
        self._model = photo_classifier(chosen.path)
        self._one_at_a_time = threading.Lock()

    def answer(self, name: str, encoded: bytes) -> dict[str, Any]:
        """Predict a photo.

        Args:
          name: of the file.
          encoded: its bytes.
        Returns:
          label, probability of that label, model (which one answered); as data URIs: picture (the square that
          the model saw) and attention (the same with a heat map; null where the model has no feature map).
        Raises:
          Rejected: the file is no photo that can be read; says why.
        """
        seen, model = self._chosen.input, self._model
        record = photo_record(name, encoded, self._params.data.limits.max_image_pixels, seen.preprocess)
        view = AugmentedView(seen.augmentation, seen.seed)
        views = views_of(record, model.input_shape[1], view, seen.tta_views)
        with self._one_at_a_time:
            (p_dog,) = predict_views(model, [views], batch_size=1)
            attention = self._attention(views[0])
        said = photo_prediction(name, p_dog)
        return {
            "label": said.label,
            "probability": said.probability,
            "model": "; ".join(model_sentences(self._chosen, self._params)) or str(self._chosen.path),
            "picture": data_uri("image/jpeg", encode_jpeg(views[0], _QUALITY)),
            "attention": None if attention is None else data_uri("image/jpeg", attention),
        }

    def _attention(self, image: np.ndarray) -> bytes | None:
        try:
            (attention,) = attention_maps(self._model, image[None])
        except (ValueError, IndexError, StopIteration):  # a model of another make has no such layers
            return None
        return attention_jpeg(image, attention)
