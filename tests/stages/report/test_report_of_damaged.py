"""What is missing or damaged is one line with the stage to run."""

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.splitting.appearance import Appearance
from stages import report

pytestmark = pytest.mark.slow

APPEARANCE_HEADER = ",".join(Appearance._fields)


@pytest.mark.parametrize("missing", ["history.csv", "training.json", "preview.jpg",
                                     "worst_errors.csv", "worst_errors/00.jpg",
                                     "worst_errors/00_attention.jpg", "predictions.csv",
                                     "probes.json", "provenance.json"])  # fmt: skip
def test_a_missing_file_of_a_recipe_names_the_stage_to_run(project, missing):
    (project / "models" / "finetune_all" / missing).unlink()
    with pytest.raises(
        DataError, match=rf"^models/finetune_all/{missing} is missing; run: dvc repro train@finetune_all$"
    ):
        report.main()
    assert not (project / "reports" / "diagnosis").exists()


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        ("data/raw/source.json", "download"),
        ("data/raw/rejected.csv", "download"),
        ("data/splits/rejected.csv", "split"),
        ("data/splits/overlap.csv", "split"),
        ("data/splits/appearance.csv", "split"),
        ("reports/data.json", "split"),
        ("reports/evaluations/mobilenet.json", "measure@mobilenet"),
    ],
)
def test_a_missing_file_of_the_data_names_the_stage_to_run(project, path, stage):
    (project / path).unlink()
    with pytest.raises(DataError, match=rf"^{path} is missing; run: dvc repro {stage}$"):
        report.main()


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("reports/evaluations/frozen_random.json", "{", "Expecting property name"),
        ("reports/evaluations/frozen_random.json", "[]", "valid dictionary"),
        ("models/frozen_random/training.json", '{"best_epoch": "x"}', "best_epoch: Input should be"),
        ("models/frozen_random/provenance.json", '{"training": {"runs": []}}', "training.runs"),
        ("models/frozen_random/history.csv", "", "columns none instead of epoch"),
        ("models/frozen_random/history.csv", "epoch,phase,loss,accuracy,val_loss,val_accuracy\n", "no epoch"),
        (
            "models/frozen_random/history.csv",
            "epoch,phase,loss,accuracy,val_loss,val_accuracy\n1,0,x,1,1,1\n",
            "float",
        ),
        (
            "models/frozen_random/history.csv",
            "epoch,phase,loss,accuracy,val_loss,val_accuracy\n1,0\n",
            "cut short",
        ),
        (
            "models/frozen_random/worst_errors.csv",
            "file,id,label,probability,attention\n00.jpg,a,cat,x,\n",
            "float",
        ),
        ("models/frozen_random/worst_errors.csv", "file,id,label,probability\n", "instead of file"),
        ("models/frozen_random/probes.json", "{}", "num_examples: Field required"),
        (
            "models/frozen_random/predictions.csv",
            "split,id,label,probability\ntest,1,cat,0.1\n",
            "splits test",
        ),
        ("data/splits/rejected.csv", "name\na\n", "columns name instead of file, reason"),
        ("data/splits/overlap.csv", "name\na\n", "columns name instead of id, split"),
        ("data/splits/appearance.csv", f"{APPEARANCE_HEADER}\na,wide,9,9,9,9,9\n", "invalid literal"),
        ("reports/data.json", "{}", "splits: Field required"),
    ],
)
def test_a_damaged_file_is_one_line_with_the_stage_to_force(project, path, text, said):
    (project / path).write_text(text)
    with pytest.raises(
        DataError, match=rf"^{path}: expected what stage .*{said}.*; run: dvc repro --force "
    ) as caught:
        report.main()
    assert "\n" not in str(caught.value)


def test_a_picture_is_taken_from_its_recipe_whatever_the_file_says(project):
    text = "file,id,label,probability,attention\n../../../finetune_all/worst_errors/02.jpg,a,cat,0.9,\n"
    (project / "models" / "frozen_random" / "worst_errors.csv").write_text(text)
    (project / "models" / "frozen_random" / "worst_errors" / "02.jpg").unlink()
    with pytest.raises(DataError, match=r"^models/frozen_random/worst_errors/02.jpg is missing"):
        report.main()
