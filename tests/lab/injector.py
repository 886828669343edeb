"""The real vault-k8s injector and its webhook configuration, as the vault chart ships them."""

from __future__ import annotations

from pathlib import Path

from tests.lab.certs import Certificates
from tests.lab.controlplane import ControlPlane
from tests.lab.incluster import create_account, start_in_cluster
from tests.lab.kube import Object
from tests.lab.ports import PortPool, is_listening
from tests.lab.process import Launcher, Program, wait_ready
from tests.lab.programs import get_binary

NAMESPACE = "vault"
ACCOUNT = "vault-agent-injector"
ADMISSION = "admissionregistration.k8s.io/v1"
KIND = "MutatingWebhookConfiguration"
#: What the chart calls it for a release "vault"; the name decides the order. Source:
#: vault-helm/templates/injector-mutating-webhook.yaml.
CONFIGURATION = "vault-agent-injector-cfg"
#: Name of the image that annotated pods get; the node level imports one by it.
AGENT_IMAGE = "phase2.lab/vault:lab"


class Injector:
    """A running injector, registered with the API server."""

    def __init__(self, plane: ControlPlane, ports: PortPool, certs: Certificates) -> None:
        self.port = ports.take()
        self.url = f"https://127.0.0.1:{self.port}/mutate"
        self._plane = plane
        self._certs = certs
        self.program: Program | None = None

    def start(self, launcher: Launcher, data: Path, vault_address: str) -> None:
        """Start it, then register it."""
        # the rights of the chart, see vault-helm/templates/injector-clusterrole.yaml
        rule = {
            "apiGroups": ["admissionregistration.k8s.io"],
            "resources": ["mutatingwebhookconfigurations"],
            "verbs": ["get", "list", "watch", "patch"],
        }
        create_account(self._plane, NAMESPACE, ACCOUNT, [rule])
        self.program = start_in_cluster(
            launcher,
            self._plane,
            data,
            argv=[str(get_binary("vault-k8s")), "agent-inject"],
            namespace=NAMESPACE,
            account=ACCOUNT,
            env={
                "NAMESPACE": NAMESPACE,
                "AGENT_INJECT_LISTEN": f"127.0.0.1:{self.port}",
                "AGENT_INJECT_TLS_CERT_FILE": str(self._certs.server_cert),
                "AGENT_INJECT_TLS_KEY_FILE": str(self._certs.server_key),
                "AGENT_INJECT_VAULT_ADDR": vault_address,
                "AGENT_INJECT_VAULT_AUTH_PATH": "auth/kubernetes",
                "AGENT_INJECT_VAULT_IMAGE": AGENT_IMAGE,
            },
        )
        wait_ready(self.program, lambda: is_listening(self.port))
        self._plane.cluster.apply(self.configuration())

    def configuration(self) -> Object:
        """The webhook configuration of the chart, with a URL instead of a Service."""
        return {
            "apiVersion": ADMISSION,
            "kind": KIND,
            "metadata": {"name": CONFIGURATION},
            "webhooks": [
                {
                    "name": "vault.hashicorp.com",
                    "admissionReviewVersions": ["v1", "v1beta1"],
                    "sideEffects": "None",
                    "failurePolicy": "Ignore",
                    "matchPolicy": "Exact",
                    "timeoutSeconds": 30,
                    "clientConfig": {"url": self.url, "caBundle": self._certs.ca_bundle},
                    "rules": [
                        {
                            "operations": ["CREATE"],
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "resources": ["pods"],
                            "scope": "Namespaced",
                        }
                    ],
                    "objectSelector": {
                        "matchExpressions": [
                            {
                                "key": "app.kubernetes.io/name",
                                "operator": "NotIn",
                                "values": ["vault-agent-injector"],
                            }
                        ]
                    },
                }
            ],
        }
