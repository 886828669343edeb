"""Which of two mutating webhooks is called first, and what reinvocationPolicy really does.

The real injector stands behind a door that records every call; "ours" is a stand-in that adds
the injector's annotations. Grounds for the name and policy of our own configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab import injector
from tests.lab.kube import ApiError, Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until
from tests.live.webhooks import WANTED, Behaviour, RecordingWebhooks, pod, wait_for_round
from tests.live.workloads import unique, vault_annotations

NEVER, IF_NEEDED = "Never", "IfNeeded"


@contextmanager
def configured(lab: Lab, namespace: str, ours: Object, vault: Object, webhooks: RecordingWebhooks) -> Iterator[None]:
    """Both configurations in force; afterwards the chart's own again."""
    name = ours["metadata"]["name"]
    lab.kube.create(ours)
    try:
        lab.kube.apply(vault)
        wait_for_round(lab, webhooks, namespace)
        yield
    finally:
        lab.kube.delete(injector.ADMISSION, injector.KIND, name)
        lab.kube.apply(lab.services.injector.configuration())

        def is_back() -> bool:
            probe = unique("probe")
            lab.kube.create(pod(namespace, probe, {WANTED: "true"}), dry_run=True)
            return not webhooks.of(probe)

        wait_until(is_back, what="the chart's configuration is in force again")


def is_injected(obj: Object) -> bool:
    """True when the agent is in the pod."""
    return any(c["name"] == "vault-agent" for c in obj["spec"]["containers"])


@pytest.mark.parametrize(
    ("name", "ours", "vault", "label", "injected", "calls"),
    [
        ("0-ours", IF_NEEDED, NEVER, False, True, "ours vault ours"),
        ("0-ours", NEVER, NEVER, False, True, "ours vault"),
        ("zz-ours", NEVER, NEVER, False, False, "vault ours"),
        ("zz-ours", IF_NEEDED, NEVER, False, False, "vault ours"),
        ("zz-ours", NEVER, IF_NEEDED, False, True, "vault ours vault"),
        ("0-ours", IF_NEEDED, NEVER, True, True, "ours vault ours"),
        ("zz-ours", NEVER, IF_NEEDED, True, False, "ours"),
    ],
    ids=[f"row-{number}" for number in range(1, 8)],
)
def test_name_decides_the_order_and_policy_who_is_called_again(
    lab_agent: Lab,
    namespace: str,
    name: str,
    ours: str,
    vault: str,
    label: object,
    injected: object,
    calls: str,
) -> None:
    """One row of the matrix; ``label``: the injector selects by a label that only we add."""
    added = {WANTED: "true"} if label else {}
    behaviour = Behaviour(annotations=vault_annotations("any"), labels=added)
    with RecordingWebhooks(lab_agent, behaviour) as webhooks:
        our_config = webhooks.configuration(name, ours)
        vault_config = webhooks.vault_configuration(vault, selects=bool(label))
        with configured(lab_agent, namespace, our_config, vault_config, webhooks):
            created = lab_agent.kube.create(pod(namespace, "subject"))

        assert created["metadata"]["annotations"]["vault.hashicorp.com/agent-inject"] == "true"
        assert is_injected(created) is injected
        assert webhooks.of("subject") == calls.split()


def test_second_call_sees_the_injection(lab_agent: Lab, namespace: str) -> None:
    """An IfNeeded webhook before the injector is called again with the agent in the pod."""
    behaviour = Behaviour(annotations=vault_annotations("any"))
    with RecordingWebhooks(lab_agent, behaviour) as webhooks:
        ours = webhooks.configuration("0-ours", IF_NEEDED)
        vault = webhooks.vault_configuration(NEVER, selects=False)
        with configured(lab_agent, namespace, ours, vault, webhooks):
            lab_agent.kube.create(pod(namespace, "subject"))

        mine = [c.injected for c in webhooks.calls if c.pod == "subject" and c.who == "ours"]
        assert mine == [False, True]


def test_stored_policy_of_the_chart_is_never(lab_agent: Lab) -> None:
    """The chart leaves the field out, and the server fills it in."""
    config = lab_agent.kube.get(injector.ADMISSION, injector.KIND, injector.CONFIGURATION)

    assert config["webhooks"][0]["reinvocationPolicy"] == NEVER


@pytest.mark.parametrize("policy", ["Ignore", "Fail"])
def test_pod_without_injector_is_let_in_or_refused_by_failure_policy(
    lab_agent: Lab, namespace: str, policy: str
) -> None:
    """Ignore: annotated, without agent, without a word. Fail: the pod is refused."""
    config = lab_agent.services.injector.configuration()
    config["metadata"]["name"] = unique("dead")
    dead_port = lab_agent.ports.take()
    config["webhooks"][0] |= {
        "name": "dead.phase2.test",
        "failurePolicy": policy,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
    }
    config["webhooks"][0]["clientConfig"]["url"] = f"https://127.0.0.1:{dead_port}/mutate"
    lab_agent.kube.create(config)
    metric = 'name="dead.phase2.test"'

    try:
        if policy == "Fail":

            def is_refused() -> str:
                try:
                    lab_agent.kube.create(pod(namespace, unique("probe")), dry_run=True)
                except ApiError as err:
                    return err.message
                return ""

            message = wait_until(is_refused, what="the pod is refused")
            assert 'failed calling webhook "dead.phase2.test"' in message
        else:

            def is_counted() -> bool:
                made = lab_agent.kube.create_with_warnings(pod(namespace, unique("subject")))
                text = lab_agent.kube.send("GET", "/metrics").body["text"]
                opened = "apiserver_admission_webhook_fail_open_count"
                lines = [line for line in text.splitlines() if metric in line and opened in line]
                assert not made.warnings
                return bool(lines)

            wait_until(is_counted, what="the server counts a webhook that failed open")
    finally:
        lab_agent.kube.delete(injector.ADMISSION, injector.KIND, config["metadata"]["name"])
