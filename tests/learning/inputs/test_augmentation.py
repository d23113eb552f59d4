"""A view depends on seed, epoch and example alone; transforms are independent of each other."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pawtrace.base.errors import ParamsError
from pawtrace.config.train_params import Transform
from pawtrace.learning.inputs.augmentation import AugmentedView, build_policy, check_policy
from tests.conftest import picture

FLIP = Transform(name="HorizontalFlip", arguments={"p": 0.5})
POLICY = (
    FLIP,
    Transform(name="Affine", arguments={"rotate": [-20, 20], "scale": [0.8, 1.2], "p": 1.0}),
    Transform(name="ColorJitter", arguments={"p": 0.8}),
)
IMAGE = picture(0, 32, 32)


def test_a_view_does_not_depend_on_what_was_made_before_or_beside_it() -> None:
    keys = [(f"{number}.jpg", epoch) for number in range(20) for epoch in range(3)]
    view = AugmentedView(POLICY, seed=0)
    in_order = [view(IMAGE, *key) for key in keys]
    again = AugmentedView(POLICY, seed=0)
    backwards = [again(IMAGE, *key) for key in reversed(keys)][::-1]
    with ThreadPoolExecutor(4) as pool:
        in_threads = list(pool.map(lambda key: view(IMAGE, *key), keys))
    np.testing.assert_array_equal(in_order, backwards)
    np.testing.assert_array_equal(in_order, in_threads)


def test_seed_epoch_and_example_each_change_the_view() -> None:
    base = AugmentedView(POLICY, seed=0)(IMAGE, "a", 0)
    assert (AugmentedView(POLICY, seed=1)(IMAGE, "a", 0) != base).any()
    assert (AugmentedView(POLICY, seed=0)(IMAGE, "a", 1) != base).any()
    assert (AugmentedView(POLICY, seed=0)(IMAGE, "b", 0) != base).any()


def test_two_transforms_at_one_half_are_drawn_independently() -> None:
    view = AugmentedView((FLIP, Transform(name="VerticalFlip", arguments={"p": 0.5})), seed=0)
    outcomes = {
        IMAGE.tobytes(): 0,
        IMAGE[:, ::-1].tobytes(): 0,
        IMAGE[::-1].tobytes(): 0,
        IMAGE[::-1, ::-1].tobytes(): 0,
    }
    for number in range(400):
        outcomes[view(IMAGE, f"{number}", 0).tobytes()] += 1
    assert all(60 <= count <= 140 for count in outcomes.values())


@pytest.mark.parametrize("name", ["RandomRotate90", "MedianBlur", "ToSepia"])
def test_a_transform_that_albumentations_does_not_check_can_be_used_and_is_checked(name: str) -> None:
    transform = Transform(name=name, arguments={"p": 1.0})
    check_policy([transform], 32)
    view = AugmentedView([transform], seed=0)
    assert any((view(IMAGE, "a", epoch) != IMAGE).any() for epoch in range(8))
    with pytest.raises(ParamsError, match=f"0 \\({name}\\): .*'limits'"):
        build_policy([Transform(name=name, arguments={"p": 1.0, "limits": 3})])


def test_no_transforms_change_nothing() -> None:
    np.testing.assert_array_equal(AugmentedView((), seed=0)(IMAGE, "a", 0), IMAGE)


def test_a_crop_is_scaled_back_to_the_size_that_the_model_sees() -> None:
    crop = Transform(name="RandomCrop", arguments={"height": 20, "width": 24, "p": 1.0})
    assert AugmentedView((crop,), seed=0)(IMAGE, "a", 0).shape == IMAGE.shape


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("HorizontalFlipp", {}, "Albumentations"),
        ("Compose", {}, "Albumentations"),
        ("HorizontalFlip", {"prob": 0.5}, "prob"),
        ("Affine", {"rotate": "much"}, "rotate"),
        ("HorizontalFlip", {"p": 3}, "p"),
    ],
)
def test_wrong_names_and_arguments_are_refused_in_one_line(name: str, arguments: dict, problem: str) -> None:
    with pytest.raises(ParamsError, match=problem) as error:
        build_policy((FLIP, Transform(name=name, arguments=arguments)))
    assert f"augmentation.1 ({name})" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("Normalize", {"p": 0.5}, "3 channels.*float32"),
        ("ToGray", {"num_output_channels": 1}, "3 channels"),
        ("RandomCrop", {"height": 99, "width": 99}, "32 px"),
    ],
)
def test_a_transform_that_training_could_not_use_is_refused(name: str, arguments: dict, problem: str) -> None:
    transforms = (FLIP, Transform(name=name, arguments=arguments))
    with pytest.raises(ParamsError, match=problem) as error:
        check_policy(transforms, 32)
    assert f"augmentation.1 ({name})" in str(error.value)
    check_policy(POLICY, 32)
