"""ImageNet weights that recipes need, and that are neither here nor to be had. Needs no Keras."""

from concurrent.futures import ThreadPoolExecutor

from pawtrace.config.params import Params
from pawtrace.dataset.network import unreachable
from pawtrace.learning.imagenet import PUBLISHED, find_weights, how_to_provide


def missing_weights(params: Params) -> str | None:
    """What to do about ImageNet weights that cannot be had, in one line; None where all can.

    Asks the network for those that are not here, for 8 s at most.
    """
    backbone_of = {name: _imagenet_backbone(params, name) for name in params.recipes}
    wanted = sorted({backbone for backbone in backbone_of.values() if backbone})
    problems = _unreachable([backbone for backbone in wanted if find_weights(backbone) is None])
    if not problems:
        return None
    in_need = [name for name, backbone in backbone_of.items() if backbone in problems]
    others = [name for name in backbone_of if name not in in_need]
    way_on = f"{', '.join(others)} need none; run: dvc repro train@{others[0]}" if others else "all need them"
    return (
        f"params.yaml: train.weights: imagenet: cannot be downloaded ({next(iter(problems.values()))}); "
        f"{how_to_provide(problems)}; needed by {', '.join(in_need)}; {way_on}"
    )


def _imagenet_backbone(params: Params, name: str) -> str | None:
    train = params.recipe(name).train
    return train.backbone if train.weights == "imagenet" else None


def _unreachable(backbones: list[str]) -> dict[str, str]:
    """Those whose weights cannot be downloaded, and why; all are asked at once."""
    with ThreadPoolExecutor(max_workers=len(PUBLISHED)) as pool:
        answers = pool.map(unreachable, [PUBLISHED[backbone].url for backbone in backbones])
        return {backbone: answer for backbone, answer in zip(backbones, answers, strict=True) if answer}
