"""Notifications that Prefect's server sends about scheduled runs, as automations.yaml says.

Each automation waits for events of runs of the flow `rebuild`, and sends a subject and a body (templates of
Prefect) with the block that the file names.
"""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from pydantic import Field, ValidationError

from pawtrace.base.errors import ParamsError
from pawtrace.base.yaml_files import read_yaml
from pawtrace.config.sections import Section

_FILE = Path("automations.yaml")
_FLOW = "rebuild"


class Automation(Section):
    """One entry: which events, and the message about them."""

    name: str
    events: Annotated[list[str], Field(min_length=1)]
    subject: str
    body: str


class Automations(Section):
    """All of automations.yaml."""

    block: Annotated[str, Field(pattern="^[a-z0-9-]+/[a-z0-9-]+$")] | None  # <type>/<name>; null: none
    automations: list[Automation]


def read_automations(path: Path = _FILE) -> Automations:
    """Read and check the file.

    Raises:
      ParamsError: the file is missing or malformed.
    """
    try:
        return Automations.model_validate(read_yaml(path))
    except FileNotFoundError:
        raise ParamsError(f"{path} is missing; run: git checkout {path}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ParamsError(f"{path}: {key}: {first['msg']}, found {first['input']!r:.80}") from None
    except ValueError as error:
        raise ParamsError(f"{path}: expected YAML, found: {error}") from None


def update_automations(client: SyncPrefectClient, path: Path = _FILE) -> str:
    """Make the server's automations those of the file.

    Returns:
      Who will be told, as words.
    Raises:
      ParamsError: the file is wrong, or the server has no such block.
    """
    wanted = read_automations(path)
    if wanted.block is None:
        for automation in wanted.automations:
            for old in client.read_automations_by_name(automation.name):
                client.delete_automation(old.id)
        return f"no notifications: set `block` in {path} to be told about failures"
    block = _block(client, wanted.block, path)
    for automation in wanted.automations:
        put_automation(client, _core(automation, block))
    names = ", ".join(automation.name for automation in wanted.automations)
    return f"notifications by {wanted.block}: {names}"


def put_automation(client: SyncPrefectClient, automation: AutomationCore) -> None:
    """Make the server's automation of that name this one."""
    olds = client.read_automations_by_name(automation.name)
    if olds:
        client.update_automation(olds[0].id, automation)
    else:
        client.create_automation(automation)


def _core(automation: Automation, block: UUID) -> AutomationCore:
    return AutomationCore(
        name=automation.name,
        trigger=EventTrigger(
            expect=set(automation.events),
            for_each={"prefect.resource.id"},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "flow", "prefect.resource.name": _FLOW},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[SendNotification(block_document_id=block, subject=automation.subject, body=automation.body)],
    )


def _block(client: SyncPrefectClient, name: str, path: Path) -> UUID:
    type_, _, document = name.partition("/")
    try:
        found = client.read_block_document_by_name(document, type_)
    except ObjectNotFound:
        raise ParamsError(
            f"{path}: block: expected a notification block of this server, found no {name}; create it "
            "in Prefect's UI under Blocks, then run: make serve"
        ) from None
    return found.id
