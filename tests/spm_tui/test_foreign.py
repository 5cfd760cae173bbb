"""What stands between the libraries and us: one line for whatever they raise, no code but theirs,
no memory for what no file holds."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spm_tui.engine.device import Placement
from spm_tui.engine.embed import Embedder
from spm_tui.engine.foreign import reading_model
from spm_tui.engine.loading import load
from spm_tui.errors import ModelError, reason
from tests.damage import bases

CPU = Placement("cpu", "float32")
SCRIPT = "import os\nopen(os.environ['RAN'], 'w').close()\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return bases.make(tmp_path_factory.mktemp("bases"), ["llama", "embedder"])


@pytest.fixture
def copied(made: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    return lambda base: shutil.copytree(made[base], tmp_path / base)


def put(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


# errors


class PanicException(BaseException):
    """What Rust code raises that has panicked."""


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ValueError("bad\x1b[2J\nmore"), "bad [2J"),
        (Exception("no such\n"), "no such"),
        (ValueError("Error for 'x':\n    it is no number\nmore"), "Error for 'x': it is no number"),
        (KeyError("a"), "its files are not as they should be (KeyError: 'a')"),
        (MemoryError(), "not enough memory: MemoryError"),
        (PanicException("slice index"), "slice index"),
        (ValueError("pass `trust_remote_code=True`"), "it needs code of its own, which is not run"),
    ],
)
def test_whatever_is_raised_is_one_line(error: BaseException, problem: str) -> None:
    with pytest.raises(ModelError) as caught, reading_model("m", "a model"):
        raise error
    assert str(caught.value) == f"m: cannot be loaded as a model: {problem}"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), ModelError("ours")])
def test_what_is_no_librarys_failure_stays_what_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, reading_model("m", "a model"):
        raise error
    assert caught.value is error


def test_nothing_is_said_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with reading_model("m", "a model"):
        print("a library")
    assert capsys.readouterr() == ("", "a library\n")


def test_a_message_has_an_end() -> None:
    assert len(reason(ValueError("x" * 9999))) == 401


# code


def own_config(folder: Path) -> None:
    put(folder / "config.json", model_type="own", auto_map={"AutoConfig": "own.C"})


def own_tokenizer(folder: Path) -> None:
    own = {"auto_map": {"AutoTokenizer": ["own.T", None]}, "tokenizer_class": "OwnT"}
    put(folder / "tokenizer_config.json", **own)


def own_module(folder: Path) -> None:
    modules = [{"idx": 0, "name": "0", "path": "", "type": "own.Module"}]
    (folder / "modules.json").write_text(json.dumps(modules))


@pytest.mark.parametrize(
    ("base", "claim"),
    [
        ("llama", own_config),
        ("llama", own_tokenizer),
        ("embedder", own_config),
        ("embedder", own_tokenizer),
        ("embedder", own_module),
    ],
)
def test_a_folders_own_code_is_neither_run_nor_asked_about(
    base: str,
    claim: Callable[[Path], None],
    copied: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = copied(base)
    (folder / "own.py").write_text(SCRIPT)
    claim(folder)
    monkeypatch.setenv("RAN", str(tmp_path / "ran"))
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("it asks"))
    with pytest.raises(ModelError, match="needs code of its own, which is not run"):
        load(folder, CPU) if base == "llama" else Embedder(folder, device="cpu")
    assert not (tmp_path / "ran").exists()


def test_a_yes_on_stdin_changes_nothing(copied: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copied("llama")
    (folder / "own.py").write_text(SCRIPT)
    own_config(folder)
    options = ["--headless", "--benchmark", "mini-mic", "--limit", "1", "--json"]
    options += ["--method", "zero-shot-comparative", "--model", str(folder)]
    options += ["--store", str(tmp_path / "s.duckdb"), "--out", str(tmp_path / "out")]
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from spm_tui.cli import main; sys.exit(main())",
            *options,
        ],
        input="y\n" * 9,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"RAN": str(tmp_path / "ran")},
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "needs code of its own, which is not run" in ended.stderr.splitlines()[-1]
    assert not (tmp_path / "ran").exists()


def test_what_transformers_knows_itself_needs_no_code(copied: Callable[[str], Path]) -> None:
    folder = copied("llama")
    names = {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"}
    put(folder / "config.json", auto_map=names)
    put(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["own.T", None]})
    load(folder, CPU)


def test_an_adapter_is_neither_applied_nor_passed_over(copied: Callable[[str], Path]) -> None:
    folder = copied("llama")
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="has an adapter"):
        load(folder, CPU)


# sizes


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"hidden_size": 10**9}, r"weights have other shapes .* not \[269, 1000000000\]"),
        ({"vocab_size": 10**12}, r"2 weights have other shapes"),
        ({"num_hidden_layers": 10**6}, "num_hidden_layers is 1000000, more than 100000"),
        ({"num_hidden_layers": 50_000}, "describes more than 5000 parts"),
        ({"num_hidden_layers": 0}, "num_hidden_layers is 0"),
        ({"intermediate_size": 10**8}, "9 weights have other shapes"),
        ({"hidden_size": -1}, "not a multiple of the number of attention heads"),
        ({"max_position_embeddings": -1}, "a context of -1 tokens leaves no room"),
        ({"vocab_size": "many"}, "'vocab_size' expected int, got str"),
        ({"model_type": None}, "model type `None`"),
    ],
)
def test_what_no_file_can_fill_is_not_built(
    values: dict[str, object], problem: str, copied: Callable[[str], Path]
) -> None:
    folder = copied("llama")
    put(folder / "config.json", **values)
    with pytest.raises(ModelError, match=problem) as caught:
        load(folder, CPU)
    assert "\n" not in str(caught.value)


def test_an_embedder_is_not_built_either(copied: Callable[[str], Path]) -> None:
    folder = copied("embedder")
    put(folder / "config.json", hidden_size=10**6)
    with pytest.raises(ModelError, match="37 weights have other shapes"):
        Embedder(folder, device="cpu")


def test_words_that_the_model_does_not_know_are_told(copied: Callable[[str], Path]) -> None:
    folder = copied("llama")
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["vocab"] |= {f"word {number}": 300 + number for number in range(9)}
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"its tokenizer has \d+ words, the model knows 269"):
        load(folder, CPU)


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b'"x"', b"null", b'{"a": 1', b"\xff", pytest.param(b"[" * 99_999, id="deep")],
)
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_json_of_every_sort_ends_in_one_line(
    name: str, content: bytes, copied: Callable[[str], Path]
) -> None:
    folder = copied("llama")
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load(folder, CPU)
    assert str(caught.value).isprintable()
