"""Run failwise with FSDP on CPUs: torch shards there too, only accelerate offers it on accelerators alone."""

from typing import Any

from accelerate import DistributedType, state  # type: ignore[import-untyped]

from failwise.cli import main

start = state.AcceleratorState.__init__


def start_sharded(self: Any, *arguments: Any, **named: Any) -> None:
    """Start as ever, and keep the plugin that accelerate drops on a CPU."""
    start(self, *arguments, **named)
    if named.get("fsdp_plugin"):
        self.fsdp_plugin = named["fsdp_plugin"]
    if getattr(self, "fsdp_plugin", None):
        self.distributed_type = DistributedType.FSDP


if __name__ == "__main__":
    state.AcceleratorState.__init__ = start_sharded
    main()
