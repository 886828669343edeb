"""What a pod goes on reading once it has changed: only a Secret that nothing in it names any more is flagged as let go."""

from __future__ import annotations

from injector.pod.model import Body
from injector.pod.reading import as_list, as_map, read_secrets, spec_of

_DRIVER_FIELDS = ("secretRef", "nodePublishSecretRef")
"""By which volumes of storage drivers name a Secret. Source: core/v1 ``VolumeSource`` (csi, flexVolume, cephfs, rbd ...)."""


def find_named(pod: Body) -> set[str]:
    """Return every Secret that a pod names, in whatever way: kubelet starts it with all of them only."""
    found = set(read_secrets(pod))
    spec = spec_of(pod)
    found.update(str(one.get("name")) for one in as_list(spec.get("imagePullSecrets")))
    for volume in as_list(spec.get("volumes")):
        for source in volume.values():
            body = as_map(source)
            found.update(str(as_map(body.get(field)).get("name")) for field in _DRIVER_FIELDS if field in body)
            if "secretName" in body:
                found.add(str(body["secretName"]))
    return found
