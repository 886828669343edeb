"""A kubeconfig, as the official client reads it: the only file that imports it.

Of the client we take how a cluster is found and how one logs in there (contexts, programs that make tokens, tokens that are
renewed, TLS, proxies), and none of its models.
"""

from __future__ import annotations

from kubernetes import config
from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject

from injector.errors import ClusterError
from webhook.api.login import CONNECTIONS, Login
from webhook.settings import Target


def read_kubeconfig(target: Target) -> Login:
    """Return how a kubeconfig reaches its cluster.

    Raises:
        ClusterError: it cannot be used.
    """
    settings = Configuration()
    try:
        config.load_kube_config(  # type: ignore[no-untyped-call]
            target.kubeconfig,
            context=target.context or None,
            client_configuration=settings,
            persist_config=False,
        )
    except Exception as err:  # noqa: BLE001 - its loaders raise whatever they stumble over, and the text may quote the file
        raise ClusterError(
            f"{target.kubeconfig}: no kubeconfig that can be used ({type(err).__name__}); mend it, or name another context"
        ) from None
    settings.connection_pool_maxsize = CONNECTIONS

    def read_token() -> str:
        try:
            found = settings.get_api_key_with_prefix("BearerToken", alias="authorization")
        except (config.ConfigException, OSError) as err:
            raise ClusterError(
                f"{target.kubeconfig}: its token cannot be read ({type(err).__name__}); log in again"
            ) from None
        return found if isinstance(found, str) else ""

    return Login(str(settings.host).rstrip("/"), RESTClientObject(settings).pool_manager, read_token)
