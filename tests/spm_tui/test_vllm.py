"""A real vLLM server against the local engine: `make test-vllm`, in an environment of its own."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch

from spm_tui.bench.subject import Selection
from spm_tui.engine import models
from spm_tui.engine.base import Engine
from spm_tui.engine.device import Placement
from spm_tui.engine.loading import Loaded, load
from spm_tui.engine.local import local
from spm_tui.engine.remote.engine import RemoteEngine
from spm_tui.wire import Reply, Request
from store.connection import Store
from tests.bench.engines import requests_of

PYTHON = os.environ.get("SPM_VLLM", "")
pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(not PYTHON, reason="SPM_VLLM names no environment with vLLM"),
    pytest.mark.timeout(1800),
]
CPU = Placement("cpu", "float32")
TIE = 1e-3
"""Difference of two logits that single precision cannot tell for sure."""
STARTING = 300.0


@pytest.fixture(scope="module")
def folder() -> Path:
    return models.locate(models.LANGUAGE_MODEL).folder


@pytest.fixture(scope="module")
def url(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = {
        "model": folder,
        "served-model-name": "smol",
        "host": "127.0.0.1",
        "port": port,
        "dtype": "float32",
        "max-model-len": 8192,
        "max-num-seqs": 16,
        "structured-outputs-config": '{"backend":"guidance"}',
    }
    log = tmp_path_factory.mktemp("vllm") / "log"
    environment = {
        **os.environ,
        "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
        "VLLM_CPU_KVCACHE_SPACE": "2",
        "HF_HUB_OFFLINE": "1",
    }
    with log.open("w") as told:
        server = subprocess.Popen(
            [PYTHON, "-m", "vllm.entrypoints.openai.api_server"]
            + [f"--{name}={value}" for name, value in words.items()]
            # on the processor, vLLM 0.32 dies of a seeded request whose prompt it reads in chunks
            + ["--no-enable-chunked-prefill"],
            env=environment,
            stdout=told,
            stderr=told,
        )
    try:
        _wait(server, port, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(60)


def _wait(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + STARTING
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()[-2000:]
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(1.0)
    pytest.fail(log.read_text()[-2000:])


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> tuple[Request, ...]:
    store = Store(tmp_path_factory.mktemp("store") / "store.duckdb")
    return requests_of(store, "mini-mic", Selection(limit=6))


def answers(engine: Engine, asked: Sequence[Request]) -> list[Reply]:
    found = dict(one for group in engine.answer(asked) for one in group)
    assert not any(reply.error for reply in found.values())
    return [found[index] for index in range(len(asked))]


def test_greedy_answers_are_those_of_the_local_engine(
    url: str, folder: Path, requests: tuple[Request, ...]
) -> None:
    assert len(requests) >= 30
    there = answers(RemoteEngine([url], "smol", key=None), requests)
    here = answers(local(folder, placement=CPU), requests)
    loaded = load(folder, CPU)
    apart = [
        _apart(loaded, request, ours.text, theirs.text)
        for request, ours, theirs in zip(requests, here, there, strict=True)
        if ours.text != theirs.text
    ]
    print(f"{len(requests) - len(apart)} of {len(requests)} equal; else: {apart}")
    assert all(why in {"tie", "bound"} for why in apart)
    assert len(apart) <= len(requests) // 5


def _apart(loaded: Loaded, request: Request, ours: str, theirs: str) -> str:
    """Return why two answers differ.

    The local engine ends a text at a number of tokens, a server can only count characters.
    """
    prompt = loaded.prompts.fit(request).tokens
    tokens = [loaded.tokenizer.encode(text, add_special_tokens=False) for text in (ours, theirs)]
    place = next(i for i, (a, b) in enumerate(zip(*tokens, strict=False)) if a != b)
    if loaded.text([tokens[0][place]]).startswith('"'):
        return "bound"
    with torch.inference_mode():
        logits = loaded.model(torch.tensor([prompt + tokens[0][:place]])).logits[0, -1]
    gap = float(abs(logits[tokens[0][place]] - logits[tokens[1][place]]))
    return "tie" if gap < TIE else f"logits {gap:.3f} apart at {loaded.text(tokens[0][:place])!r}"


def test_sampled_answers_are_all_of_the_form_and_reproducible(url: str, tmp_path: Path) -> None:
    asked = requests_of(Store(tmp_path / "store.duckdb"), "mini-helpsteer", Selection(limit=1), 5)
    engine = RemoteEngine([url], "smol", key=None)
    first, again = answers(engine, asked), answers(engine, asked)
    same = [one.text == other.text for one, other in zip(first, again, strict=True)]
    assert sum(same) >= 0.8 * len(same), "other batches round otherwise, but seldom so often"
