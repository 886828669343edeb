"""The injector without our webhook: what a hand-annotated Deployment gets.

Grounds for the annotations that the product writes; see docs/ground-truth.md.
"""

from __future__ import annotations

import psycopg
import pytest

from tests.lab.errors import LabError
from tests.lab.lab import Lab
from tests.lab.podrunner import INIT, SIDECAR, PodRun
from tests.lab.waiting import wait_until
from tests.live.workloads import deployment, unique, vault_annotations, wait_for_pod


def deploy(lab: Lab, namespace: str, role: str, notes: dict[str, str]) -> PodRun:
    """A Deployment whose account may log in as ``role``, and its pod's volumes."""
    lab.services.create_database_role(role)
    lab.services.create_auth_roles(role, namespace, "default", [role])
    lab.kube.create(deployment(namespace, role, notes))
    pod = wait_for_pod(lab, namespace, role)
    return lab.run_pod(namespace, pod["metadata"]["name"])


@pytest.mark.parametrize("auth", ["kubernetes", "jwt"])
def test_rendered_credentials_log_in_to_the_database(lab_agent: Lab, namespace: str, auth: str) -> None:
    """The whole way: annotation, webhook, agent login, lease, file, database login."""
    role = unique("app")
    with deploy(lab_agent, namespace, role, vault_annotations(role, auth=auth)) as pod:
        assert not pod.file("/vault/secrets/db").exists()

        pod.run_init()

        user, password = pod.read("/vault/secrets/db").splitlines()
        with lab_agent.services.postgres.connect(user, password) as connection:
            (who,) = connection.execute("SELECT current_user").fetchone() or ("",)
        assert who == user
        with pytest.raises(psycopg.OperationalError):
            lab_agent.services.postgres.connect(user, f"not-{password}")


@pytest.mark.parametrize("missing", ["auth-config-path", "nothing"])
def test_jwt_login_needs_the_path_annotation(lab_agent: Lab, namespace: str, missing: str) -> None:
    """vault-k8s #660: the injector writes token_path, the jwt method wants path."""
    role = unique("app")
    notes = vault_annotations(role, auth="jwt")
    notes.pop(f"vault.hashicorp.com/{missing}", None)

    with deploy(lab_agent, namespace, role, notes) as pod:
        if missing == "nothing":
            pod.run_init()
            assert pod.read("/vault/secrets/db")
        else:
            with pytest.raises(LabError, match="missing 'path' value"):
                pod.run_init()


def test_lease_is_revoked_by_the_pre_stop_hook(lab_agent: Lab, namespace: str) -> None:
    """agent-revoke-on-shutdown: the sidecar's token goes, its lease and login with it."""
    role = unique("app")
    notes = vault_annotations(role, agent_revoke_on_shutdown="true", agent_revoke_grace="0")
    services = lab_agent.services
    with deploy(lab_agent, namespace, role, notes) as pod:
        pod.start(SIDECAR)
        user, _ = pod.read("/vault/secrets/db").splitlines()
        assert services.postgres.has_role(user)
        assert len(services.leases(role)) == 1

        pod.run_pre_stop()

        wait_until(lambda: not services.leases(role), what="the lease is gone")
        wait_until(lambda: not services.postgres.has_role(user), what="the login is gone")


def test_init_and_sidecar_take_a_lease_each(lab_agent: Lab, namespace: str) -> None:
    """Two agents, two leases, and the file changes under the app (vault #14634)."""
    role = unique("app")
    with deploy(lab_agent, namespace, role, vault_annotations(role)) as pod:
        pod.run_init()
        first = pod.read("/vault/secrets/db")
        assert len(lab_agent.services.leases(role)) == 1

        pod.start(SIDECAR)

        wait_until(lambda: pod.read("/vault/secrets/db") != first, what="the sidecar rewrote the file")
        assert len(lab_agent.services.leases(role)) == 2


def test_two_agents_differ_in_how_they_end(lab_agent: Lab, namespace: str) -> None:
    """The init agent's configuration says exit_after_auth, the sidecar's does not."""
    role = unique("app")
    with deploy(lab_agent, namespace, role, vault_annotations(role)) as pod:
        assert pod.agent_config(INIT)["exit_after_auth"] is True
        assert pod.agent_config(SIDECAR)["exit_after_auth"] is False
