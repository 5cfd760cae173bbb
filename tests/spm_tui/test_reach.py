"""How much an embedding model reads, and the windows of longer texts, with tokenizers made here."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from spm_tui.engine.reach import Reach, of_folder


def pieces_of_words() -> Tokenizer:
    """As BERT's: lower case, a token per letter, a space is none."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?"
    words = ["[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{letter}" for letter in letters)]
    inner = models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]")
    made = Tokenizer(inner)
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return made


def bytes_of_text() -> Tokenizer:
    """A token per byte; a space belongs to the word behind it."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return made


def one_long_word() -> Tokenizer:
    """As some of SentencePiece: the text is a single word, marked at its beginning."""
    vocabulary = [("<unk>", -10.0), ("▁", -1.0), *((letter, -2.0) for letter in "abcdefgh .,🙂")]
    made = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    made.pre_tokenizer = pre_tokenizers.Metaspace(split=False)
    return made


TOKENIZERS = {"words": pieces_of_words(), "bytes": bytes_of_text(), "one": one_long_word()}
any_text = st.text(max_size=60) | st.text("abc 🙂é\n", max_size=200)


def tokens(reach: Reach, text: str) -> int:
    return len(reach.tokenizer.encode(text, add_special_tokens=False))


@pytest.mark.parametrize("kind", TOKENIZERS)
@settings(max_examples=150, deadline=None)
@given(text=any_text, room=st.integers(4, 40))
def test_windows_are_the_whole_text_and_each_is_read_whole(kind: str, text: str, room: int) -> None:
    reach = Reach(TOKENIZERS[kind], room)
    windows = reach.windows(text)
    assert "".join(window.text for window in windows) == text
    assert all(tokens(reach, window.text) <= room for window in windows)
    assert (len(windows) == 1) == (tokens(reach, text) <= room)
    assert reach.exceeded(["", text, "a"]) == (len(windows) > 1)
    if len(windows) > 1:
        assert [window.tokens for window in windows] == [tokens(reach, w.text) for w in windows]


def test_windows_are_about_equal_and_between_words() -> None:
    reach = Reach(TOKENIZERS["words"], 10)
    windows = reach.windows("abc def ghi jkl mno pqr stu")
    assert [window.text for window in windows] == ["abc def", " ghi jkl", " mno pqr stu"]
    assert [window.tokens for window in windows] == [6, 6, 9]
    spaced = Reach(TOKENIZERS["bytes"], 12).windows("abc def ghi jkl mno pqr")
    assert [window.text for window in spaced] == ["abc def ghi", " jkl mno pqr"]


def test_a_word_that_is_longer_than_a_window_is_cut() -> None:
    windows = Reach(TOKENIZERS["words"], 10).windows("a " + "b" * 25 + " c")
    assert len(windows) == 3
    assert max(window.tokens for window in windows) <= 10


def test_no_character_is_cut() -> None:
    windows = Reach(TOKENIZERS["bytes"], 6).windows("🙂" * 5)
    assert [window.text for window in windows] == ["🙂"] * 5


def test_very_long_texts_have_windows_nearly_full() -> None:
    reach = Reach(TOKENIZERS["words"], 254)
    text = "lorem ipsum dolor sit amet, consectetur. " * 3000
    windows = reach.windows(text)
    assert len(windows) < 1.1 * tokens(reach, text) / 254


def test_a_character_of_more_tokens_than_are_read_ends_too() -> None:
    windows = Reach(TOKENIZERS["bytes"], 2).windows("a🙂b")
    assert "".join(window.text for window in windows) == "a🙂b"


def test_what_reads_everything_has_no_windows() -> None:
    reach = Reach(None, math.inf)
    assert not reach.exceeded(["a" * 10_000])
    assert [window.text for window in reach.windows("a" * 10_000)] == ["a" * 10_000]


# what a folder's files say

MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]
FILES: dict[str, Any] = {
    "modules.json": MODULES,
    "sentence_bert_config.json": {"max_seq_length": 32, "do_lower_case": False},
    "tokenizer_config.json": {"model_max_length": 64},
    "config.json": {"max_position_embeddings": 48},
}


def folder(tmp_path: Path, **changes: Any) -> Path:
    """A model's folder without the model; files by name without extension, None for no file."""
    for name, content in (FILES | {f"{name}.json": c for name, c in changes.items()}).items():
        if content is not None:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(json.dumps(content))
    pieces_of_words().save(str(tmp_path / "tokenizer.json"))
    return tmp_path


PROMPTED = {"prompts": {"query": "query.", "document": ""}, "default_prompt_name": "query"}


@pytest.mark.parametrize(
    ("changes", "room"),
    [
        ({}, 30),
        ({"sentence_bert_config": {"do_lower_case": False}}, 46),
        ({"sentence_bert_config": None}, 46),
        ({"sentence_bert_config": None, "config": {"max_position_embeddings": 128}}, 62),
        ({"sentence_bert_config": None, "sentence_roberta_config": {"max_seq_length": 8}}, 6),
        ({"config_sentence_transformers": {"prompts": {"query": "q"}}}, 30),
        ({"config_sentence_transformers": PROMPTED}, 24),
        ({"config_sentence_transformers": PROMPTED | {"default_prompt_name": None}}, 30),
    ],
)
def test_a_folder_tells_by_its_files_how_much_is_read(
    tmp_path: Path, changes: dict[str, Any], room: int
) -> None:
    reach = of_folder(folder(tmp_path, **changes))
    assert reach is not None
    assert reach.room == room
    assert not reach.exceeded(["a" * room])
    assert reach.exceeded(["a" * (room + 1)])


def test_static_embeddings_have_no_limit(tmp_path: Path) -> None:
    kind = "sentence_transformers.models.StaticEmbedding"
    reach = of_folder(folder(tmp_path, modules=[MODULES[0] | {"type": kind}]))
    assert reach is not None
    assert not reach.exceeded(["a" * 10_000])


@pytest.mark.parametrize(
    "changes",
    [
        {"modules": None},
        {"modules": []},
        {"modules": {"idx": 0}},
        {"modules": [MODULES[0] | {"type": "sentence_transformers.models.WordEmbeddings"}]},
        {"modules": [MODULES[0] | {"type": "custom_model.Transformer"}]},
        {"modules": [MODULES[0] | {"path": "elsewhere"}]},
        {"sentence_bert_config": {"max_seq_length": "many"}},
        {"sentence_bert_config": {"max_seq_length": 2}},
        {"sentence_bert_config": {"max_seq_length": 32, "do_lower_case": True}},
        {"sentence_bert_config": {"max_seq_length": 32, "modality_config": {"message": {}}}},
        {"sentence_bert_config": {"processing_kwargs": {"text": {"max_length": 8}}}},
        {"sentence_bert_config": None, "config": {}},
        {"sentence_bert_config": None, "tokenizer_config": {}},
        {"config_sentence_transformers": []},
    ],
)
def test_what_the_files_do_not_tell_is_asked_of_the_model(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    assert of_folder(folder(tmp_path, **changes)) is None


@pytest.mark.parametrize("content", ["", "{}", '{"version": 7}', "\x00"])
def test_a_tokenizer_that_is_none_is_asked_of_the_model(tmp_path: Path, content: str) -> None:
    folder(tmp_path)
    (tmp_path / "tokenizer.json").write_text(content)
    assert of_folder(tmp_path) is None
