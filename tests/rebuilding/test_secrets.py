"""What looks like a secret is refused by its key, and nobody sees its value."""

from pathlib import Path

import pytest

from pawtrace.base.errors import ParamsError
from pawtrace.rebuilding.secrets import refuse_secrets
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("line", "secret", "kind"),
    [
        ("archive: https://me:hunter22@host/x.zip", "hunter22", "a URL with a password"),
        ("archive: AKIAABCDEFGHIJKLMNOP", "AKIAABC", "an AWS key"),
        ("archive: ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abc", "a GitHub token"),
        ("archive: hf_abcdefghijklmnopqrstuvwxyz", "hf_abc", "a Hugging Face token"),
        ("archive: xoxb-1234567890-abcdef", "xoxb", "a Slack token"),
        ("archive: sk-abcdefghijklmnopqrstuvwx", "sk-abc", "an API key"),
        ("archive: '-----BEGIN RSA PRIVATE KEY-----'", "BEGIN", "a private key"),
        ("api_key: hunter22", "hunter22", "a value under that name"),
        ("list: [{password: 12345}]", "12345", "a value under that name"),
    ],
)
def test_a_secret_is_refused_without_its_value(project: Path, line: str, secret: str, kind: str) -> None:
    (project / "params.yaml").write_text(f"data:\n  {line}\n")
    with pytest.raises(ParamsError, match=f"data..*: expected no secret, found {kind}") as error:
        refuse_secrets()
    assert secret not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("profile", sorted((ROOT / "profiles").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_profile_looks_like_a_secret(profile: Path) -> None:
    refuse_secrets(profile)


def test_a_digest_is_no_secret_and_what_is_no_yaml_is_left_to_others(project: Path) -> None:
    (project / "params.yaml").write_text(f"data: {{archive_sha256: {'a1' * 32}, token: null}}\n")
    refuse_secrets()
    (project / "params.yaml").write_text("data: [\n")
    refuse_secrets()
