"""Level node: containerd, kubelet and scheduler, so that pods really run.

Everything it writes is below the lab's data directory, with three small exceptions that the
programs have built in: /var/log/containers, /var/lib/cni/results and cgroups below /k8s.io
(named after the container; the reaper removes these). The lab's servers are on loopback: pods
reach them by ``hostNetwork: true`` or through a door at their network's gateway.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.lab import debian
from tests.lab.controlplane import ControlPlane
from tests.lab.images import BUSYBOX_IMAGE, write_images
from tests.lab.kube import Object
from tests.lab.ports import PortPool, is_listening
from tests.lab.process import Command, Launcher, Program, run_once, wait_ready
from tests.lab.programs import get_binary
from tests.lab.waiting import wait_until

NODE_NAME = "phase2-node"


class Node:
    """The one node of a lab."""

    def __init__(self, launcher: Launcher, ports: PortPool, plane: ControlPlane, data: Path, pod_range: str) -> None:
        self._launcher = launcher
        self._ports = ports
        self._plane = plane
        self._folder = data / "node"
        self._pod_range = pod_range
        self._socket = self._folder / "containerd.sock"

    def start(self) -> None:
        """Start all; returns when the node is Ready and has the images."""
        self._folder.mkdir()
        self._write_network()
        with ThreadPoolExecutor(1) as pool:
            images = pool.submit(write_images, self._folder / "images")
            self._start_containerd()
            self._start_scheduler()
            archive = images.result()
        self.import_images(archive)
        # after the import: the very first pod needs the pause image
        self._start_kubelet()
        wait_until(self._is_ready, what=f"node {NODE_NAME} is Ready", timeout_s=60)

    def volume_file(self, pod: Object, volume: str, file: str) -> Path:
        """Where a file of a pod's emptyDir is on the host."""
        uid = str(pod["metadata"]["uid"])
        pods = self._folder / "kubelet" / "pods"
        return pods / uid / "volumes" / "kubernetes.io~empty-dir" / volume / file

    def _start_containerd(self) -> None:
        config = self._folder / "containerd.toml"
        config.write_text(
            f'version = 2\nroot = "{self._folder}/containerd"\nstate = "{self._folder}/run"\n'
            f'[grpc]\n  address = "{self._socket}"\n'
            '[plugins."io.containerd.grpc.v1.cri"]\n'
            f'  sandbox_image = "{BUSYBOX_IMAGE}"\n'
            # lowering oom_score_adj needs CAP_SYS_RESOURCE, which containers and small
            # machines lack; runc then dies with "can't get final child's PID from pipe: EOF"
            "  restrict_oom_score_adj = true\n"
            "  netns_mounts_under_state_dir = true\n"
            '[plugins."io.containerd.grpc.v1.cri".cni]\n'
            f'  bin_dir = "{debian.get_debian_program(debian.CNI).parent}"\n'
            f'  conf_dir = "{self._folder}/cni"\n',
            encoding="utf-8",
        )
        binary = str(debian.get_debian_program(debian.CONTAINERD))
        program = self._start("containerd", [binary, "--config", str(config)])
        wait_ready(program, self._socket.exists)

    def import_images(self, archive: Path) -> None:
        """Give the node the images of a docker-archive."""
        ctr = str(debian.get_debian_program(debian.CTR))
        run_once(
            [ctr, "-a", str(self._socket), "-n", "k8s.io", "images", "import", str(archive)],
            timeout_s=120,
        )

    def _start_kubelet(self) -> None:
        port, health = self._ports.take(), self._ports.take()
        config = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": "127.0.0.1",
            "port": port,
            "healthzBindAddress": "127.0.0.1",
            "healthzPort": health,
            "readOnlyPort": 0,
            "authentication": {"webhook": {"enabled": True}, "anonymous": {"enabled": False}},
            "authorization": {"mode": "Webhook"},
            "containerRuntimeEndpoint": f"unix://{self._socket}",
            "cgroupDriver": "cgroupfs",
            # no tree of QoS cgroups on the host, no limits on the host's own processes
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            "makeIPTablesUtilChains": False,
            # a nearly full disk of a laptop must not evict the lab's pods
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%"},
            "imageGCHighThresholdPercent": 100,
            "podLogsDir": str(self._launcher.logs / "pods"),
            "volumePluginDir": str(self._folder / "plugins"),
            "resolvConf": "",
            # tests wait for pods: notice changes of files and pods quickly
            "syncFrequency": "2s",
        }
        file = self._folder / "kubelet.json"
        file.write_text(json.dumps(config, indent=1), encoding="utf-8")
        argv = [
            str(get_binary("kubelet")),
            f"--config={file}",
            f"--kubeconfig={self._plane.kubeconfig}",
            f"--root-dir={self._folder / 'kubelet'}",
            f"--cert-dir={self._folder / 'pki'}",
            f"--hostname-override={NODE_NAME}",
        ]
        wait_ready(self._start("kubelet", argv), lambda: is_listening(health))

    def _start_scheduler(self) -> None:
        port = self._ports.take()
        argv = [
            str(get_binary("kube-scheduler")),
            f"--kubeconfig={self._plane.kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            "--leader-elect=false",
        ]
        wait_ready(self._start("kube-scheduler", argv), lambda: is_listening(port))

    def _start(self, name: str, argv: list[str]) -> Program:
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        env = {"PATH": path, "HOME": str(self._folder)}
        return self._launcher.start(Command(name=name, argv=argv, env=env))

    def _write_network(self) -> None:
        folder = self._folder / "cni"
        folder.mkdir()
        plugin = {
            "type": "bridge",
            # 15 characters at most; the reaper removes it by this name
            "bridge": f"p2-{self._launcher.lab_id[:8]}",
            "isGateway": True,
            "ipMasq": False,
            "ipam": {
                "type": "host-local",
                "dataDir": str(self._folder / "ipam"),
                "ranges": [[{"subnet": self._pod_range}]],
            },
        }
        config = {"cniVersion": "0.4.0", "name": "lab", "plugins": [plugin]}
        (folder / "10-lab.conflist").write_text(json.dumps(config), encoding="utf-8")

    def _is_ready(self) -> bool:
        node = self._plane.cluster.find("v1", "Node", NODE_NAME)
        conditions = (node or {}).get("status", {}).get("conditions", [])
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
