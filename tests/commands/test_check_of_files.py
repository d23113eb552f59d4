"""pawtrace check: weights, heads, folders and devices that a recipe cannot be trained with."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pawtrace.__main__ import main
from pawtrace.base.errors import DataError, DeviceError, ParamsError, TrainingError
from pawtrace.commands import check
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.config.params import Params
from pawtrace.learning import device
from tests.commands.conftest import PutWeights, line
from tests.conftest import ROOT, WriteParams


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("key", ["backbone", "weights"])
def test_a_missing_file_is_named_with_its_recipe(write_params: WriteParams, key: str) -> None:
    mine = {"question": "?", "overrides": {"train": {key: "data/weights/mine.keras"}}}
    params = write_params({"recipes": {"mine": mine}})
    with pytest.raises(TrainingError) as error:
        check.check_requirements(params)
    assert line(error).startswith(f"recipe mine: train.{key}: data/weights/mine.keras is missing; put the")


@pytest.mark.usefixtures("network")
def test_an_archive_that_was_moved_is_named_unless_dvc_tracks_it(write_params: WriteParams) -> None:
    params = write_params({"data": {"source": "archive", "archive": "moved.zip"}})
    with pytest.raises(DataError, match=r"^params.yaml: data.archive: moved.zip is missing"):
        check.check_requirements(params)
    Path("moved.zip.dvc").touch()
    check.check_requirements(params)


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("folder", "backbone"), [("data/weights", "vgg16"), ("keras/models", "mobilenet_v2")]
)
def test_a_copy_of_imagenet_weights_that_is_another_file_is_refused_with_what_was_expected_and_found(
    ladder: Params, put_weights: PutWeights, folder: str, backbone: str
) -> None:
    published = dict(PUBLISHED)
    put_weights("data/weights", "vgg16")
    path = put_weights(folder, backbone)
    path.write_text("<html>404</html>")
    with pytest.raises(TrainingError) as error:
        check.check_requirements(ladder)
    assert str(path) in line(error)
    assert f"expected the published file (md5 {PUBLISHED[backbone].md5})" in line(error)
    assert "(md5 " + hashlib.md5(b"<html>404</html>").hexdigest() in line(error)
    assert published[backbone].url in line(error)


@pytest.mark.usefixtures("network")
def test_a_head_that_no_memory_holds_is_refused_with_its_weights(write_params: WriteParams) -> None:
    huge = {"head": {"units": [10**9], "pooling": "average"}}
    params = write_params({"recipes": {"huge": {"question": "?", "overrides": {"train": huge}}}})
    with pytest.raises(DeviceError, match=r"recipe huge: .*train\.head\.units.* 514,000,000,001 weights"):
        check.check_requirements(params)


@pytest.mark.slow
@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("train", "error", "said"),
    [
        ({"backbone": "deep.keras"}, TrainingError, "deep.keras: .*images of 32 px"),
        ({"backbone": "cut.keras"}, TrainingError, "cut.keras: .*no complete zip"),
        ({"weights": "foreign.weights.h5"}, TrainingError, "foreign.weights.h5: .*VGG16"),
        (
            {"backbone": "good.keras", "phases": [{"trainable": "block5", "num_epochs": 1}]},
            ParamsError,
            "'block5'; the layers are .*first",
        ),
        ({"backbone": "good.keras", "head": {"units": [2**34]}}, DeviceError, "head.units"),
    ],
)
def test_a_file_that_does_not_fit_its_recipe_is_found_before_any_work(
    write_params: WriteParams, project: Path, train: dict[str, Any], error: type[Exception], said: str
) -> None:
    import keras

    from tests.learning.tiny import tiny_backbone

    good = tiny_backbone(project / "good.keras")
    (project / "cut.keras").write_bytes(good.read_bytes()[:5000])
    x = inputs = keras.Input((None, None, 3))
    for _ in range(6):
        x = keras.layers.MaxPooling2D(2)(keras.layers.Conv2D(2, 3, padding="same")(x))
    keras.Model(inputs, x).save(project / "deep.keras")
    keras.saving.load_model(good).save_weights(project / "foreign.weights.h5")
    params = write_params({"recipes": {"mine": {"question": "?", "overrides": {"train": train}}}})
    with pytest.raises(error, match="^recipe mine: .*" + said) as found:
        check.check_requirements(params)
    assert "\n" not in str(found.value)


@pytest.mark.slow
@pytest.mark.usefixtures("network")
def test_networks_that_are_alike_are_built_once(
    write_params: WriteParams, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pawtrace.learning.networks import model
    from tests.learning.tiny import tiny_backbone

    tiny_backbone(project / "good.keras")
    build, built = model.build_classifier, []
    monkeypatch.setattr(model, "build_classifier", lambda train: built.append(train) or build(train))
    mine = {"question": "?", "overrides": {"train": {"backbone": "good.keras"}}}
    slower = {"question": "?", "builds_on": "mine", "overrides": {"train": {"learning_rate": 0.0001}}}
    wider = {"question": "?", "builds_on": "mine", "overrides": {"train": {"head": {"units": [8]}}}}
    check.check_requirements(write_params({"recipes": {"mine": mine, "slower": slower, "wider": wider}}))
    assert [train.head.units for train in built] == [(4,), (8,)]


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("folder", ["models", "data/records", ".pawtrace"])
def test_a_folder_that_cannot_be_written_is_named(
    write_params: WriteParams, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    params = write_params()
    Path(folder).parent.mkdir(exist_ok=True)
    Path(folder).touch()
    with pytest.raises(DeviceError, match=f"^{folder}: expected a folder, found a file"):
        check.check_requirements(params)
    Path(folder).unlink()
    Path(folder).mkdir()
    check.check_requirements(params)
    monkeypatch.setattr(os, "access", lambda path, _: str(path) != folder)  # permissions do not bind root
    with pytest.raises(DeviceError, match=f"^{folder}: expected a writable folder"):
        check.check_requirements(params)


@pytest.mark.usefixtures("network")
def test_what_is_odd_is_a_warning_that_names_the_recipes_and_the_value(
    write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = {"question": "?", "overrides": {"train": {"label_smoothing": 0.9}}}
    write_params({"recipes": {"one": odd, "two": odd}})
    with pytest.raises(SystemExit, match="^0$"):
        main(["check"])
    assert "check: warning: one, two: train.label_smoothing: 0.9 " in capsys.readouterr().out


@pytest.mark.usefixtures("network")
def test_a_refused_transform_is_named_with_its_recipe(write_params: WriteParams) -> None:
    turned = {"augmentation": [{"name": "Affine", "arguments": {"rotation": [-10, 10]}}]}
    params = write_params({"recipes": {"turned": {"question": "?", "overrides": {"train": turned}}}})
    with pytest.raises(ParamsError) as error:
        check.check_requirements(params)
    assert line(error).startswith("recipe turned: params.yaml: train.augmentation.0 (Affine): ")
    assert "rotation" in line(error)


@pytest.mark.usefixtures("network")
def test_a_gpu_that_is_wanted_and_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams
) -> None:
    monkeypatch.setattr(device, "num_gpus", lambda: 0)
    check.check_requirements(write_params())
    wanting = {"question": "?", "overrides": {"train": {"device": "gpu"}}}
    params = write_params({"recipes": {"wanting": wanting}})
    with pytest.raises(DeviceError, match="train.device: expected a GPU"):
        check.check_requirements(params)


def test_keras_is_imported_only_for_a_gpu() -> None:
    code = (
        "import sys; from pawtrace.commands.check import check_requirements; "
        "from pawtrace.config.params import load_params; from pathlib import Path; "
        "assert 'albumentations' not in sys.modules; "
        "check_requirements(load_params(Path('tests/params.yaml'))); "
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
