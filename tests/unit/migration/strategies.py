"""Arbitrary SecretMigrations for property tests."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from injector.config.model import AuthMethod
from injector.migration.model import (
    Auth,
    ContainerReads,
    Delivery,
    Mode,
    MovedCredential,
    Read,
    RenderedFile,
    Rotation,
    RotationAction,
    SecretMigration,
    Stage,
    Workload,
)
from injector.model import ObjectRef

labels = st.from_regex(r"[a-z]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)
secret_keys = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=12)
# YAML text can hold no control characters but these; a Kubernetes object can hold no others either.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1, max_size=80)
paths = st.from_regex(r"/[a-z0-9._/-]{1,20}", fullmatch=True)


@st.composite
def reads(draw: st.DrawFn, keys: list[str]) -> Read:
    """A read of one of `keys`, or of all."""
    delivery = draw(st.sampled_from(Delivery))
    is_wrapped = delivery is Delivery.ENV_WRAPPED
    key = draw(st.sampled_from([*keys, "*"]))
    return Read(
        key=key,
        delivery=delivery,
        path="" if is_wrapped else draw(paths),
        env=draw(labels) if is_wrapped else "",
        file_env=draw(labels) if delivery is Delivery.ENV_FILE else "",
        mode=draw(st.sampled_from(["", "0400", "440"])),
        is_single=delivery is Delivery.FILE and key != "*" and draw(st.booleans()),
    )


@st.composite
def workloads(draw: st.DrawFn, keys: list[str]) -> Workload:
    """A workload that reads some of `keys`."""
    return Workload(
        kind=draw(st.sampled_from(["Deployment", "HelmRelease", "CronJob"])),
        name=draw(labels),
        service_account=draw(labels),
        role=draw(texts.filter(lambda text: "\n" not in text)),
        containers=tuple(
            ContainerReads(
                name=name, reads=tuple(draw(st.lists(reads(keys), min_size=1, max_size=3))), is_init=draw(st.booleans())
            )
            for name in draw(st.lists(labels, min_size=1, max_size=2, unique=True))
        ),
        mode=draw(st.sampled_from(Mode)),
        rotation=Rotation(action=draw(st.sampled_from(RotationAction)), signal=draw(st.sampled_from(["", "HUP"]))),
        run_as_user=draw(st.none() | st.integers(0, 70000)),
        run_as_group=draw(st.none() | st.integers(0, 70000)),
        init_first=draw(st.booleans()),
    )


@st.composite
def migrations(draw: st.DrawFn) -> SecretMigration:
    """A SecretMigration without contradictions."""
    keys = sorted(draw(st.lists(secret_keys, min_size=1, max_size=4, unique=True)))
    cut = draw(st.integers(1, len(keys)))
    groups = [group for group in (keys[:cut], keys[cut:]) if group]
    namespace = draw(labels)
    return SecretMigration(
        namespace=namespace,
        name=draw(labels),
        source=ObjectRef("ExternalSecret", namespace, draw(labels)),
        secret=draw(labels),
        stage=draw(st.sampled_from(Stage)),
        auth=Auth(method=draw(st.sampled_from(AuthMethod)), mount=draw(labels)),
        credentials=tuple(
            MovedCredential(
                name=f"c{number}", keys=tuple(group), engine="database/postgresql", path=f"database/creds/{number}"
            )
            for number, group in enumerate(groups)
        ),
        files=tuple(RenderedFile(key=key, template=draw(texts)) for key in keys),
        workloads=tuple(sorted(draw(st.lists(workloads(keys), max_size=2)), key=lambda one: (one.kind, one.name))),
    )
