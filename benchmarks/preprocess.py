"""Preprocessing with one worker and with two: images per second and their ratio.

The photos are drawn at about the size of those in cats_vs_dogs (500 x 375) and become 256 px
records. The two take turns; the fastest round of each counts, as what disturbs only slows.
Run: python -m benchmarks.preprocess
"""

import contextlib
import io
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from pawtrace.config.params import load_params
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.dataset.sources.drawn.picture import draw_picture
from pawtrace.setup.profiles import profile_text
from stages import download, split
from stages.preprocess import write_shards

NUM_PHOTOS = 3000
NUM_ROUNDS = 5


def write_photos(folder: Path) -> None:
    """Draw photos into a folder a class."""
    for number in range(NUM_PHOTOS):
        drawn = draw_picture(number % 2, np.random.default_rng(number))
        place = folder / ("Cat", "Dog")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        large = cv2.resize(drawn, (500, 375), interpolation=cv2.INTER_CUBIC)
        (place / f"{number}.jpg").write_bytes(encode_jpeg(large, 90))


def prepare() -> None:
    """Bring the photos through download and split, in the current folder."""
    write_photos(Path("photos"))
    text = Path("params.yaml").read_text(encoding="utf-8")
    text = text.replace("source: sample", "source: archive").replace("archive: null", "archive: photos")
    Path("params.yaml").write_text(text.replace("image_size_px: 64", "image_size_px: 256"), encoding="utf-8")
    download.main()
    split.main()


def seconds(num_workers: int) -> float:
    """How long it takes to write all shards."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_shards(Path(folder), load_params().preprocess, num_workers)
        return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        Path(name, "params.yaml").write_text(profile_text("sample"), encoding="utf-8")
        with contextlib.chdir(name), contextlib.redirect_stderr(io.StringIO()):
            prepare()
            seconds(1)  # warm-up
            rounds = [(seconds(1), seconds(2)) for _ in range(NUM_ROUNDS)]
    one, two = (min(times) for times in zip(*rounds, strict=True))
    print(f"one worker {NUM_PHOTOS / one:.0f} images/s, two workers {NUM_PHOTOS / two:.0f} images/s")
    ratios = ", ".join(f"{first / second:.2f}" for first, second in rounds)
    print(f"two workers / one worker: {one / two:.2f} (round by round: {ratios})")


if __name__ == "__main__":
    main()
