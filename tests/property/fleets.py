"""Trees of everything that a plan reads: charts, Jobs, joined volumes, templates, PushSecrets, ClusterExternalSecrets."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from tests.unit.stages.moving import CONFIG, STORE

_TEMPLATES: Final = (
    "",
    '{PGUSER: "{{ .user }}", PGPASSWORD: "{{ .password }}"}',
    '{PGUSER: "{{ .user | lower }}", PGPASSWORD: "{{ .password | trim | b64enc }}", HOST: db}',
    '{DATABASE_URL: "postgres://{{ .user | urlquery }}:{{ .password | urlquery }}@{{ .host | default \\"db\\" }}/app"}',
    '{PGUSER: "{{ .user }}", PGPASSWORD: "{{ .password | sha512sum | nosuchfunction }}"}',
    '{PGPASSWORD: "{{ if .password }}{{ .password }}{{ end", PGUSER: "{{ .user }}"}',
    '{all.yaml: "{{ range $k, $v := . }}{{ $k }}: {{ $v | toJson }}{{ end }}", PGUSER: "{{ .user }}"}',
)
_FROMS: Final = (
    "data: [{secretKey: user, remoteRef: {key: shop/NAME, property: user}}, {secretKey: password, remoteRef: {key: shop/NAME, property: password}}]",
    "data: [{secretKey: PGUSER, remoteRef: {key: shop/NAME, property: user}}, {secretKey: PGPASSWORD, remoteRef: {key: shop/NAME, property: password}}]",
    "dataFrom: [{extract: {key: shop/NAME}}]",
    "dataFrom: [{find: {name: {regexp: '.*'}}}]",
    "dataFrom: [{sourceRef: {generatorRef: {kind: Password, name: p}}}]",
    "data: []",
)
_POLICIES: Final = (
    "",
    "creationPolicy: Owner, ",
    "creationPolicy: Merge, ",
    "creationPolicy: Orphan, ",
    "creationPolicy: None, ",
)
_ENV: Final = "env: [{name: PGHOST, value: db.example.org}, {name: PGUSER, valueFrom: {secretKeyRef: {name: NAME, key: KEYU}}}, {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: NAME, key: KEYP}}}]"
_READS: Final = (
    (_ENV, ""),
    ("env: [{name: PGHOST, value: x}], envFrom: [{prefix: P_, secretRef: {name: NAME}}]", ""),
    (
        "env: [{name: PGHOST, value: x}], volumeMounts: [{name: v, mountPath: /etc/v}]",
        "volumes: [{name: v, secret: {secretName: NAME}}]",
    ),
    (
        "env: [{name: PGHOST, value: x}], volumeMounts: [{name: v, mountPath: /etc/v/p, subPath: p}]",
        "volumes: [{name: v, secret: {secretName: NAME, defaultMode: 0400, items: [{key: KEYP, path: p}]}}]",
    ),
    (
        "env: [{name: PGHOST, value: x}], volumeMounts: [{name: v, mountPath: /etc/v}]",
        "volumes: [{name: v, projected: {sources: [{secret: {name: NAME, items: [{key: KEYP, path: p}]}}, {configMap: {name: c}}]}}]",
    ),
    (
        "env: [{name: PGHOST, value: x}], volumeMounts: [{name: v, mountPath: /etc/v, readOnly: true}]",
        "volumes: [{name: v, projected: {sources: [{secret: {name: NAME}}]}}]",
    ),
    ("env: [{name: PGHOST, value: x}]", "volumes: [{name: v, secret: {secretName: NAME}}]"),
)
_POD: Final = "{metadata: {labels: {app: NAME}}, spec: {serviceAccountName: NAME, ACCOUNT containers: [{name: app, image: IMAGE, COMMAND READS}], INIT VOLUMES}}"
_KINDS: Final = (
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: NAME}, spec: {selector: {matchLabels: {app: NAME}}, template: POD}}",
    "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: NAME}, spec: {serviceName: NAME, selector: {matchLabels: {app: NAME}}, template: POD}}",
    "{apiVersion: batch/v1, kind: CronJob, metadata: {name: NAME}, spec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: POD}}}}",
    "{apiVersion: batch/v1, kind: Job, metadata: {name: NAME}, spec: {template: POD}}",
)
_CHARTS: Final = (
    (
        "chart: {spec: {chart: grafana}}, values: {env: {GF_DATABASE_TYPE: postgres, GF_DATABASE_HOST: db}, envValueFrom: "
        "{GF_DATABASE_USER: {secretKeyRef: {name: NAME, key: KEYU}}, GF_DATABASE_PASSWORD: {secretKeyRef: {name: NAME, key: KEYP}}}}"
    ),
    (
        "chart: {spec: {chart: app-template}}, values: {controllers: {main: {containers: {main: {image: {repository: ghcr.io/acme/shop, tag: '1'}, "
        "command: [/app], env: {PGHOST: db, PGPASSWORD: {valueFrom: {secretKeyRef: {name: NAME, key: KEYP}}}, PGUSER: {valueFrom: {secretKeyRef: "
        "{name: NAME, key: KEYU}}}}}}}}}"
    ),
    (
        "chart: {spec: {chart: app-template}}, values: {controllers: {main: {containers: {main: {image: {repository: x, tag: '1'}, envFrom: "
        "[{secretRef: {name: NAME}}]}}}}, persistence: {s: {type: secret, name: NAME}}}"
    ),
    "chart: {spec: {chart: unheard-of}}, values: {postgresql: {existingSecret: NAME}}",
    "chart: {spec: {chart: unheard-of}}, valuesFrom: [{kind: Secret, name: NAME}]",
    "chartRef: {kind: OCIRepository, name: x}, values: [1]",
)
_PUSHES: Final = (
    "",
    (
        "{apiVersion: external-secrets.io/v1alpha1, kind: PushSecret, metadata: {name: NAME}, spec: {deletionPolicy: Delete, secretStoreRefs: [{name: vault, "
        "kind: ClusterSecretStore}], selector: {secret: {name: NAME}}, data: [{match: {secretKey: KEYP, remoteRef: {remoteKey: shop/copy, property: p}}}]}}"
    ),
    (
        "{apiVersion: external-secrets.io/v1alpha1, kind: PushSecret, metadata: {name: NAME}, spec: {secretStoreRefs: [{name: vault}], selector: {secret: "
        "{selector: {matchLabels: {team: a}}}}, data: []}}"
    ),
    "{apiVersion: external-secrets.io/v1alpha1, kind: PushSecret, metadata: {name: NAME}, spec: {selector: {generatorRef: {kind: Password, name: p}}}}",
)
_IMAGES: Final = ("ghcr.io/acme/shop:1", "grafana/grafana:11", "postgres:17", "x")
_COMMANDS: Final = ("", "command: [/app, serve],", "command: [sh, -c, run], args: [],")
_INITS: Final = (
    "",
    (
        "initContainers: [{name: migrate, image: ghcr.io/acme/shop:1, command: [/migrate], env: [{name: PGHOST, value: db}, {name: PGPASSWORD, valueFrom: "
        "{secretKeyRef: {name: NAME, key: KEYP}}}]}],"
    ),
)
_ACCOUNTS: Final = (
    "",
    "securityContext: {runAsNonRoot: true, runAsUser: 1000},",
    "automountServiceAccountToken: false,",
    "shareProcessNamespace: true,",
)


@st.composite
def source(draw: st.DrawFn, name: str) -> str:
    """Draw an ExternalSecret, or a ClusterExternalSecret that makes one."""
    template = draw(st.sampled_from(_TEMPLATES))
    target = f"{draw(st.sampled_from(_POLICIES))}name: {name}"
    if template:
        target += f", template: {{metadata: {{labels: {{team: a}}}}, data: {template}}}"
    spec = f"{{secretStoreRef: {{kind: ClusterSecretStore, name: vault}}, target: {{{target}}}, {draw(st.sampled_from(_FROMS))}}}"
    if draw(st.integers(0, 4)):
        return f"{{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {{name: {name}}}, spec: {spec}}}"
    return (
        f"{{apiVersion: external-secrets.io/v1, kind: ClusterExternalSecret, metadata: {{name: {name}}}, spec: {{externalSecretName: {name}, "
        f"namespaceSelectors: [{{matchLabels: {{kubernetes.io/metadata.name: shop}}}}], externalSecretSpec: {spec}}}}}"
    )


@st.composite
def reader(draw: st.DrawFn) -> str:
    """Draw a workload, or a Helm release."""
    if not draw(st.integers(0, 2)):
        return f"{{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {{name: NAME}}, spec: {{{draw(st.sampled_from(_CHARTS))}}}}}"
    reads, volumes = draw(st.sampled_from(_READS))
    pod = _POD.replace("READS", reads).replace("VOLUMES", volumes).replace("COMMAND", draw(st.sampled_from(_COMMANDS)))
    pod = pod.replace("INIT", draw(st.sampled_from(_INITS))).replace("ACCOUNT", draw(st.sampled_from(_ACCOUNTS)))
    pod = pod.replace("IMAGE", f"'{draw(st.sampled_from(_IMAGES))}'")
    return draw(st.sampled_from(_KINDS)).replace("POD", pod)


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, bytes]:
    """Draw a tree of one to three Secrets, each with who makes it, who reads it and who pushes it."""
    files = {"store.yaml": STORE}
    for name in ("one", "two", "three")[: draw(st.integers(1, 3))]:
        names = draw(st.sampled_from((("PGUSER", "PGPASSWORD"), ("user", "password"))))
        documents = [draw(source(name)), draw(reader()), draw(st.sampled_from(_PUSHES))]
        if draw(st.booleans()):
            documents.append(draw(reader()).replace("metadata: {name: NAME}", "metadata: {name: also-NAME}"))
        text = "---\n".join(f"{one}\n" for one in documents if one)
        files[f"{name}.yaml"] = text.replace("NAME", name).replace("KEYU", names[0]).replace("KEYP", names[1])
    listed = "".join(f"- {path}\n" for path in files)
    files["kustomization.yaml"] = f"namespace: shop\nresources:\n{listed}"
    return {path: text.encode() for path, text in files.items()}


FLEET_CONFIG: Final = f"""\
{CONFIG}workloads:
  - {{namespace: shop, kind: HelmRelease, name: one, serviceAccount: one}}
apps:
  - {{image: x, command: [/x]}}
"""
