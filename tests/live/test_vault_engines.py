"""From a plan to what an engine issues: the objects that phase2 makes in Vault, and the agent's files made with them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from injector.plan.model import Plan
from tests.lab.lab import Lab
from tests.live import vaults
from tests.live.rendering import run_agent
from tests.live.workloads import unique
from tests.unit.plan.issuing import planned


def render(lab: Lab, plan: Plan, folder: Path) -> Mapping[str, str]:
    """What the real agent writes with a token that has the planned policy: key -> text."""
    vault = lab.services.vault
    assert not plan.undecided
    vaults.apply(vault, plan.vault)
    (policy,) = plan.vault.policies
    # With the policy default, by which this agent looks its token up: a token in a file is not how pods log in.
    token = str(vault.write("auth/token/create", {"policies": [policy.name]})["auth"]["client_token"])
    (proposal,) = plan.proposals
    templates = {one.key: one.template for one in proposal.migration.files}
    files = folder / "files"
    files.mkdir()
    run_agent(lab, files, templates, vault_token=token)
    return {key: (files / key).read_text(encoding="utf-8") for key in templates}


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Let a client of a server see whether its certificate is good for a name; raises when it is not."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname=name)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (asking, answering):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert asking.version()


def test_planned_certificate_is_trusted_by_who_has_the_root_only(lab_agent: Lab, tmp_path: Path) -> None:
    """An intermediate authority issues; key, certificate and chain fit, and the name is the one that was asked for."""
    vault, root, mount = lab_agent.services.vault, unique("root"), unique("pki")
    for one in (root, mount):
        vault.write(f"sys/mounts/{one}", {"type": "pki"})
    authority = str(vault.write(f"{root}/root/generate/internal", {"common_name": "Root"})["data"]["certificate"])
    request = vault.write(f"{mount}/intermediate/generate/internal", {"common_name": "Intermediate"})["data"]["csr"]
    signed = vault.write(f"{root}/root/sign-intermediate", {"csr": request, "common_name": "Intermediate"})["data"]
    vault.write(f"{mount}/intermediate/set-signed", {"certificate": f"{signed['certificate']}\n{authority}"})
    role = (
        "{parameters: {allowed_domains: shop.svc, allow_subdomains: 'true'}, "
        "request: {common_name: web.shop.svc, ttl: 10m}}"
    )
    keys = {"ca.crt": "ca", "tls.crt": "crt", "tls.key": "key"}
    plan = planned(tmp_path / "tree", "pki", keys, role=role, mount=mount)

    files = render(lab_agent, plan, tmp_path)

    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    bundle = tmp_path / "bundle"
    bundle.write_text(f"{files['tls.key']}\n{files['tls.crt']}", encoding="ascii")
    server.load_cert_chain(bundle)
    shake_hands(server, ssl.create_default_context(cadata=authority), "web.shop.svc")
    shake_hands(server, ssl.create_default_context(cadata=files["ca.crt"]), "web.shop.svc")
    assert files["tls.crt"].count("BEGIN CERTIFICATE") == 3
    assert files["ca.crt"].count("BEGIN CERTIFICATE") == 2


def test_planned_token_of_a_service_account_is_let_in_by_the_cluster(
    lab_agent: Lab, namespace: str, tmp_path: Path
) -> None:
    vault, kube, mount = lab_agent.services.vault, lab_agent.kube, unique("kubernetes")
    for name in ("issuer", "reader"):
        kube.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}})
    rule = {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}
    allow(lab_agent, namespace, "issuer", rule)
    vault.write(f"sys/mounts/{mount}", {"type": "kubernetes"})
    vault.write(
        f"{mount}/config",
        {
            "kubernetes_host": kube.server,
            "kubernetes_ca_cert": kube.ca.read_text(encoding="ascii"),
            "service_account_jwt": kube.request_token(namespace, "issuer"),
            "disable_local_ca_jwt": True,
        },
    )
    role = (
        f"{{parameters: {{allowed_kubernetes_namespaces: {namespace}, service_account_name: reader}}, ttl: 10m, "
        f"request: {{kubernetes_namespace: {namespace}}}}}"
    )
    plan = planned(tmp_path / "tree", "kubernetes", {"KUBERNETES_TOKEN": "token"}, role=role, mount=mount)

    files = render(lab_agent, plan, tmp_path)

    review = kube.with_token(files["KUBERNETES_TOKEN"]).create(
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
    )
    assert review["status"]["userInfo"]["username"] == f"system:serviceaccount:{namespace}:reader"


def allow(lab: Lab, namespace: str, account: str, rule: Mapping[str, object]) -> None:
    """Let a ServiceAccount do something in its namespace."""
    api = "rbac.authorization.k8s.io/v1"
    meta = {"name": account, "namespace": namespace}
    lab.kube.create({"apiVersion": api, "kind": "Role", "metadata": meta, "rules": [rule]})
    lab.kube.create(
        {
            "apiVersion": api,
            "kind": "RoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        }
    )
