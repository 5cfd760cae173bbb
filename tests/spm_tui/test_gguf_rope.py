"""Encodings of positions, from a GGUF file's words to transformers'."""

from typing import Any

import numpy as np
import pytest

from spm_tui.engine.gguf.rope import FREQUENCIES, LONG, SHORT, Rotation
from spm_tui.errors import ModelError
from tests import tiny_gguf


def _rotation(fields: dict[str, Any], **divisors: np.ndarray) -> dict[str, Any]:
    named = {
        FREQUENCIES if key == "freqs" else {"long": LONG, "short": SHORT}[key]: values
        for key, values in divisors.items()
    }
    return Rotation(fields, 10_000.0, tiny_gguf.SIZE, 1024, named).parameters()


_FOUR = {"scaling.factor": 4.0}


@pytest.mark.parametrize(
    ("fields", "parameters"),
    [
        ({}, {"rope_type": "default"}),
        (_FOUR, {"rope_type": "linear", "factor": 4.0}),
        ({"scale_linear": 4.0}, {"rope_type": "linear", "factor": 4.0}),
        (_FOUR | {"scaling.type": "linear"}, {"rope_type": "linear", "factor": 4.0}),
        (_FOUR | {"scaling.type": "none"}, {"rope_type": "default"}),
        ({"scaling.type": "linear", "scaling.factor": 1.0}, {"rope_type": "default"}),
        ({"scaling.type": "linear", "scaling.factor": 0.0}, {"rope_type": "default"}),
        (
            _FOUR | {"scaling.type": "yarn"},
            {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 1024},
        ),
        (
            _FOUR
            | {
                "scaling.type": "yarn",
                "scaling.original_context_length": 64,
                "scaling.yarn_beta_fast": 16.0,
                "scaling.yarn_beta_slow": 1.0,
                "scaling.attn_factor": 0.5,
            },
            {
                "rope_type": "yarn",
                "factor": 4.0,
                "original_max_position_embeddings": 64,
                "beta_fast": 16.0,
                "attention_factor": pytest.approx(0.5 * (0.1 * np.log(4) + 1)),
            },
        ),
    ],
)
def test_scalings_in_transformers_words(fields: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert _rotation(fields) == parameters


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"scaling.type": "dynamic"}, "rope.scaling.type 'dynamic'"),
        ({"scaling.type": 2}, "rope.scaling.type 2"),
        ({"scaling.factor": -1.0}, "rope.scaling.factor -1.0"),
        ({"scaling.factor": "4"}, "rope.scaling.factor '4'"),
        ({"scaling.factor": float("nan")}, "rope.scaling.factor nan"),
        (_FOUR | {"scaling.attn_factor": 0.5}, "rope.scaling.attn_factor 0.5"),
        ({"scaling.type": "yarn", "scaling.yarn_log_multiplier": 0.1}, "yarn_log_multiplier 0.1"),
        ({"scaling.type": "yarn", "scaling.yarn_ext_factor": 0.5}, "yarn_ext_factor 0.5"),
        ({"scaling.type": "longrope"}, "rope.scaling.type 'longrope'"),
    ],
)
def test_scalings_that_transformers_does_not_have(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        _rotation(fields)


def test_divisors_become_the_rule_they_come_from() -> None:
    parameters = _rotation({}, freqs=tiny_gguf.llama3_divisors(8.0, 1.0, 4.0, 128))
    assert parameters == {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 128,
    }
    assert _rotation({}, freqs=np.ones(8)) == {"rope_type": "default"}


@pytest.mark.parametrize(
    "divisors",
    [tiny_gguf.llama3_divisors(8.0, 2.0, 3.0, 100), np.linspace(1.0, 5.0, 8, dtype=np.float32)],
)
def test_divisors_of_no_rule_are_listed(divisors: np.ndarray) -> None:
    parameters = _rotation({}, freqs=divisors)
    assert parameters["rope_type"] == "longrope"
    assert parameters["long_factor"] == parameters["short_factor"] == divisors.tolist()
    assert parameters["attention_factor"] == 1.0


def test_divisors_give_transformers_the_frequencies_of_llama_cpp() -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    plain = 10_000.0 ** (-np.arange(0, tiny_gguf.SIZE, 2) / tiny_gguf.SIZE)
    for divisors in (tiny_gguf.llama3_divisors(8.0, 1.0, 4.0, 128), np.linspace(1.0, 5.0, 8)):
        parameters = _rotation({}, freqs=divisors) | {"rope_theta": 10_000.0}
        config = LlamaConfig(
            hidden_size=64,
            num_attention_heads=4,
            max_position_embeddings=1024,
            rope_parameters=parameters,
        )
        frequencies, attention = ROPE_INIT_FUNCTIONS[parameters["rope_type"]](config, "cpu")
        assert attention == 1.0
        assert frequencies.numpy() == pytest.approx(plain / divisors, rel=2e-5)


def test_two_lists_of_divisors_are_phi3s() -> None:
    long, short = np.linspace(2.0, 8.0, 8), np.linspace(1.0, 2.0, 8)
    fields = {"scaling.original_context_length": 64, "scaling.attn_factor": 1.19}
    assert _rotation(fields, long=long, short=short) == {
        "rope_type": "longrope",
        "factor": 1.0,
        "attention_factor": 1.19,
        "long_factor": long.tolist(),
        "short_factor": short.tolist(),
        "original_max_position_embeddings": 64,
    }


@pytest.mark.parametrize(
    ("fields", "divisors", "problem"),
    [
        ({}, {"freqs": np.ones(3)}, "not 8 positive numbers"),
        ({}, {"freqs": np.zeros(8)}, "not 8 positive numbers"),
        ({}, {"long": np.ones(8)}, LONG),
        (_FOUR, {"freqs": np.full(8, 2.0)}, "rope.scaling.factor beside divisors"),
        ({"scaling.type": "yarn"}, {"freqs": np.full(8, 2.0)}, "with scaling 'yarn'"),
    ],
)
def test_divisors_that_cannot_be_carried(
    fields: dict[str, Any], divisors: dict[str, np.ndarray], problem: str
) -> None:
    with pytest.raises(ModelError, match=problem):
        _rotation(fields, **divisors)
