"""Fixtures of jobs on a Ray cluster: they skip where Ray is not installed, and end what they start."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def ray() -> Any:
    return pytest.importorskip("ray", reason="ray is not installed; make test-ray brings it")


@pytest.fixture(scope="module")
def machine(ray: Any) -> Iterator[None]:
    """A Ray of this machine alone; tests that start another one come before those that use it."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture
def two_nodes(ray: Any) -> Iterator[Any]:
    """A Ray of two nodes; gives a function that ends the second."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    yield lambda: cluster.remove_node(second)
    ray.shutdown()
    cluster.shutdown()
