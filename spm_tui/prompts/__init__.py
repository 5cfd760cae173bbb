"""The wording of prompts; the structure is the paper's (§4.1, Appendix C).

Everything a model reads is written here, and golden files in the tests freeze it. Where responses
are judged, the system message names the attribute and nothing of the scenario, the user's message
the scenario and nothing of the attribute: so the beginnings of prompts can be shared.
"""

from spm_tui.prompts.choosing import CHOICE_WORDING, choice_answer, choice_form, choice_system
from spm_tui.prompts.explaining import (
    EXPLANATION_WORDING,
    explanation_examples,
    explanation_form,
    explanation_question,
    explanation_system,
)
from spm_tui.prompts.levels import level_score, stand_in_reasoning
from spm_tui.prompts.scenarios import LETTERS, comparative_question, single_question
from spm_tui.prompts.scoring import (
    WORDING,
    comparative_answer,
    comparative_form,
    comparative_system,
    judgement,
    single_system,
)

__all__ = [
    "CHOICE_WORDING",
    "EXPLANATION_WORDING",
    "LETTERS",
    "WORDING",
    "choice_answer",
    "choice_form",
    "choice_system",
    "comparative_answer",
    "comparative_form",
    "comparative_question",
    "comparative_system",
    "explanation_examples",
    "explanation_form",
    "explanation_question",
    "explanation_system",
    "judgement",
    "level_score",
    "single_question",
    "single_system",
    "stand_in_reasoning",
]
