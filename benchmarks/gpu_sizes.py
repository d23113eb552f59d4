"""How much benchmarks.gpu measures, by device, and the names of its steps."""

from typing import NamedTuple


class Sizes(NamedTuple):
    """How much is measured, by device."""

    image_px: int
    precisions: tuple[str, ...]
    batches: tuple[int, ...]
    matrix: int  # rows and columns
    measured_s: float  # of each rate, after the first steps
    num_records: int
    recipe_px: int  # the small recipe's images
    recipe_counts: dict[str, int]  # its examples, by split
    recipe_epochs: int


SIZES = {
    "gpu": Sizes(
        image_px=224,
        precisions=("bfloat16", "float32"),
        batches=(32, 64, 128, 256, 512),
        matrix=8192,
        measured_s=10,
        num_records=2048,
        recipe_px=64,
        recipe_counts={"train": 1600, "validation": 300, "test": 300},
        recipe_epochs=12,
    ),
    "cpu": Sizes(
        image_px=32,
        precisions=("float32",),
        batches=(2,),
        matrix=256,
        measured_s=0.5,
        num_records=8,
        recipe_px=32,
        recipe_counts={"train": 16, "validation": 4, "test": 4},
        recipe_epochs=1,
    ),
}


def steps(device: str) -> list[str]:
    """The names of all steps: what is measured, then its settings, between slashes."""
    sizes = SIZES[device]
    middle = sizes.batches[len(sizes.batches) // 2]
    usual = f"{sizes.precisions[0]}/{middle}"
    return [
        *(f"product/{precision}" for precision in sizes.precisions),
        *(f"synthetic/{precision}/{batch}" for precision in sizes.precisions for batch in sizes.batches),
        f"deterministic/{usual}",
        *(f"records/{usual}/{recipe}" for recipe in ("finetune_augmented", "strong_augmentation")),
        f"frozen/{usual}",
        "recipe/from_scratch_normalized",
    ]
