"""A code fingerprint changes with what code does, and with nothing else."""

import ast
from pathlib import Path

import pytest

from pawtrace.base.files import fingerprint
from pawtrace.lineage.record.code import code_fingerprint, library_versions, meaning, modules_reached
from tests.conftest import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "pawtrace/__init__.py": "",
        "pawtrace/a.py": "from pawtrace import b\nimport os\n",
        "pawtrace/b.py": "def later():\n    import pawtrace.sub.c\n",
        "pawtrace/sub/__init__.py": "",
        "pawtrace/sub/c.py": "from pawtrace.sub.d import X\n",
        "pawtrace/sub/d.py": "X = 1\n",
        "pawtrace/unused.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_modules_are_followed_through_every_form_of_import(project: Path) -> None:
    reached = [str(path) for path in modules_reached(project / "pawtrace/a.py", project)]
    assert reached == [
        "pawtrace/__init__.py",
        "pawtrace/a.py",
        "pawtrace/b.py",
        "pawtrace/sub/__init__.py",
        "pawtrace/sub/c.py",
        "pawtrace/sub/d.py",
    ]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('"""Doc."""\n# comment\n\nX   =   1\n', True),
        ("X = 2\n", False),
        ("X = 1\nY = 1\n", False),
    ],
)
def test_comments_and_layout_do_not_count(project: Path, text: str, same: bool) -> None:
    paths = [Path("pawtrace/sub/d.py")]
    before = code_fingerprint(paths, project)
    (project / paths[0]).write_text(text)
    assert (code_fingerprint(paths, project) == before) is same


def test_a_docstring_of_a_function_does_not_count_but_a_returned_string_does(project: Path) -> None:
    path = Path("pawtrace/sub/d.py")
    prints = []
    for body in ('"""One."""\n    return 1', '"""Two."""\n    return 1', "return 1", 'return "1"'):
        (project / path).write_text(f"def f():\n    {body}\n")
        prints.append(code_fingerprint([path], project))
    assert prints[0] == prints[1] == prints[2] != prints[3]


def test_the_order_of_keys_does_not_count() -> None:
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint([1, 2]) != fingerprint([2, 1])


def test_every_computing_library_has_a_version() -> None:
    assert all(library_versions().values())


def test_training_does_not_reach_evaluation() -> None:
    reached = {str(path) for path in modules_reached(ROOT / "pawtrace/learning/fit.py", ROOT)}
    assert "pawtrace/learning/history.py" in reached
    assert not any("evaluation" in path for path in reached)


def test_threads_that_parse_at_once_do_not_end_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    parse, num_calls = ast.parse, 0

    def parse_the_third_time(source: bytes) -> ast.Module:
        nonlocal num_calls
        num_calls += 1
        if num_calls < 3:
            raise SystemError("AST constructor recursion depth mismatch (before=69, after=75)")
        return parse(source)

    monkeypatch.setattr(ast, "parse", parse_the_third_time)
    assert "Constant(value=1)" in meaning(b"a = 1")
