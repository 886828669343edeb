"""Who a reader of a Secret is: a client, a server, a tool for people, or infrastructure."""

from __future__ import annotations

from injector.config.model import App, AppRole, Config
from injector.knowledge import apps
from injector.knowledge.apps import is_exporter, is_infrastructure, makes_roles, runs_client, server_of
from injector.model import WORKLOAD_WAYS, Consumer, How


def is_client(consumer: Consumer) -> bool:
    """Tell a container of a workload from a reader that needs the Secret object."""
    return consumer.how in WORKLOAD_WAYS


def names_of(consumer: Consumer) -> tuple[str, ...]:
    """Return the chart and the image of a reader, as far as they are known."""
    image = consumer.container.image if consumer.container else ""
    return tuple(name for name in (consumer.chart, image) if name)


def app_of(consumer: Consumer, config: Config) -> App | None:
    """Return what the user says of a reader, None when nothing."""
    if not config.apps:
        return None
    return config.find_app(consumer.container.image if consumer.container else "", consumer.chart)


def infrastructure_of(consumer: Consumer, config: Config) -> str:
    """Return the chart or image by which a reader is infrastructure, empty when it is not."""
    names = names_of(consumer)
    app = app_of(consumer, config)
    if app and app.role:
        return names[0] if app.role is AppRole.INFRASTRUCTURE else ""
    return names[0] if names and all(is_infrastructure(name) for name in names) else ""


def server_reader(consumer: Consumer, config: Config) -> str:
    """Return the system whose server the consumer is, empty for a client."""
    app = app_of(consumer, config)
    if app and app.role:
        return app.system or "unnamed" if app.role is AppRole.SERVER else ""
    container = consumer.container
    if is_web_tool(consumer, config):
        return ""
    if container and container.image:
        if runs_client(container.command):
            return ""
        system = server_of(container.image)
        if system and not container.is_init:
            return system
        if not consumer.chart:
            return ""
    field = consumer.path.split(".")[0].lower() if consumer.how is How.HELM_VALUES else ""
    if consumer.chart and server_of(consumer.chart):
        return server_of(consumer.chart)
    return server_of(field) if field and not _is_elsewhere(consumer, field) else ""


def _is_elsewhere(consumer: Consumer, field: str) -> bool:
    """Tell that a chart's values speak of a server that another release runs."""
    if any(part.lower().startswith("external") for part in consumer.path.split(".")) or is_exporter(consumer.chart):
        return True
    said = {name.lower(): value for name, value in consumer.container.env.items()} if consumer.container else {}
    is_off = any(said.get(f"{field}/{switch}") == "false" for switch in ("enabled", "deploy", "create", "install"))
    return is_off or said.get(f"{field}/external") == "true" or said.get(f"{field}/type") == "external"


def is_init(consumer: Consumer) -> bool:
    """Tell an init container."""
    return consumer.container is not None and consumer.container.is_init


def is_provisioner(consumer: Consumer) -> bool:
    """Tell an init container or a Job that makes roles in a database for others."""
    container = consumer.container
    is_once = container is not None and (container.is_init or consumer.ref.kind in ("Job", "CronJob"))
    return is_once and container is not None and makes_roles(container.image, container.command)


def is_web_tool(consumer: Consumer, config: Config) -> bool:
    """Tell a tool by which people look into databases."""
    app = app_of(consumer, config)
    if app and app.role:
        return app.role is AppRole.WEB_TOOL
    return any(apps.is_web_tool(name) for name in (*names_of(consumer), consumer.ref.name))
