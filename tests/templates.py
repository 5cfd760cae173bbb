"""Chat templates of the shapes that models come with, written for tests."""

_TURNS = "{% for m in messages %}BODY{% endfor %}{% if add_generation_prompt %}GO{% endif %}"


def _written(body: str, go: str) -> str:
    return _TURNS.replace("BODY", body).replace("GO", go)


CHATML = _written(
    "{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}",
    "{{ '<|im_start|>assistant\\n' }}",
)
_DEFAULT_SYSTEM = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nBe good<|im_end|>\\n' }}"
    "{% endif %}"
)
LLAMA3 = (
    "{{- bos_token }}{%- if not date_string is defined %}{%- set date_string = '?' %}{%- endif %}"
    + _written(
        "{{- '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' + m.content | trim"
        " + '<|eot_id|>' }}",
        "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}",
    )
    + "{{- date_string }}"
)
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}{% if m.role == 'user' %}"
    "{{ '[INST] ' + m.content + ' [/INST]' }}{% else %}{{ m.content + eos_token }}{% endif %}"
    "{% endfor %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    + _written(
        "{% set role = 'model' if m.role == 'assistant' else m.role %}"
        "{{ '<start_of_turn>' + role + '\\n' + m.content | trim + '<end_of_turn>\\n' }}",
        "{{ '<start_of_turn>model\\n' }}",
    )
)
MARKED = _written(
    "{%- if m.role == 'assistant' %}<a>{% generation %}{{ m.content }}{% endgeneration %}</a>\n"
    "{%- else %}<{{ m.role }}>{{ m.content | tojson }}</{{ m.role }}>\n{%- endif %}",
    "<a>",
)
NAMESPACES = (
    "{% set ns = namespace(first=true, seen=dict(a=1)) %}{%- for m in messages -%}\n"
    "    {% if m.role == 'system' %}{% continue %}{% endif %}\n"
    "  {{ ns.seen.a }}{% if ns.first %}\n{{ m.content.strip().split('|')|join('-') }}"
    "{% set ns.first = false %}{% else %}{{ m.content }}{% endif %}\n{%- endfor %}\n  end\n"
)
USUAL = {
    "chatml": CHATML,
    "default-system": _DEFAULT_SYSTEM + CHATML,
    "llama3": LLAMA3,
    "mistral": MISTRAL,
    "gemma": GEMMA,
    "marked": MARKED,
    "namespaces": NAMESPACES,
}
"""Those whose prompts are what they have always been."""

_GO = "{{- '<|im_start|>assistant\\n' }}"
_STRIPPED = (
    "{%- set content = m.content.split('</think>')[-1].lstrip('\\n') if m.role == 'assistant'"
    " else m.content %}{{- '<|im_start|>' + m.role + '\\n' }}"
    "{%- if m.role == 'assistant' and loop.last %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
    "{{- content + '<|im_end|>\\n' }}"
)
_EMPTY = "{%- if VARIABLE %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"


def _switched(condition: str, empty: str = _EMPTY) -> str:
    return _written(_STRIPPED, _GO + empty.replace("VARIABLE", condition))


R1 = _written(
    "{% if m.role == 'assistant' %}{% set c = m.content.split('</think>')[-1] %}"
    "{{ '<|Assistant|>' + c + '<|end|>' }}{% elif m.role == 'user' %}{{ '<|User|>' + m.content }}"
    "{% else %}{{ m.content }}{% endif %}",
    "{{ '<|Assistant|><think>\\n' }}",
)
THINKING = {
    "qwen3": _switched("enable_thinking is defined and enable_thinking is false"),
    "qwen3-thinking": _written(_STRIPPED, "{{- '<|im_start|>assistant\\n<think>\\n' }}"),
    "deepseek": _written(
        _STRIPPED,
        _GO + "{% if thinking is defined and not thinking %}</think>{% else %}<think>{% endif %}",
    ),
    "seed": _written(
        _STRIPPED,
        _GO + "{% if thinking_budget is defined and thinking_budget == 0 %}"
        "{{ '<seed:think>none</seed:think>' }}{% endif %}",
    ),
    "mistral-effort": _written(
        _STRIPPED,
        _GO + "{{ '[EFFORT]' + (reasoning_effort or 'none') }}"
        "{% if reasoning_effort != 'none' %}[THINK]{% endif %}",
    ),
    "r1": R1,
    "r1-bare": R1.replace("<think>\\n", "<think>"),
    "exaone": _written(
        "{{ '[|' + m.role + '|]' + m.content + '[|endofturn|]\\n' }}",
        "{{ '[|assistant|]<thought>\\n' }}",
    ),
    "magistral": _written("{{ '<' + m.role + '>' + m.content }}", "{{ '<assistant>[THINK]So, ' }}"),
    "gpt-oss": _written(
        "{% if m.role == 'assistant' %}"
        "{{ '<|start|>assistant<|channel|>final<|message|>' + m.content + '<|end|>' }}{% else %}"
        "{{ '<|start|>' + m.role + '<|message|>' + m.content + '<|end|>' }}{% endif %}",
        "<|start|>assistant",
    ),
}
THINKING_ENDS = {
    "qwen3": "<|im_start|>assistant\n<think>\n\n</think>\n\n",
    "qwen3-thinking": "<|im_start|>assistant\n<think>\n\n</think>\n\n",
    "deepseek": "<|im_start|>assistant\n</think>",
    "seed": "<|im_start|>assistant\n<seed:think>none</seed:think>",
    "mistral-effort": "<|im_start|>assistant\n[EFFORT]none",
    "r1": "<|Assistant|><think>\n\n</think>\n\n",
    "r1-bare": "<|Assistant|><think>\n\n</think>\n\n",
    "exaone": "[|assistant|]<thought>\n\n</thought>\n\n",
    "magistral": "<assistant>[THINK]So, \n\n[/THINK]\n\n",
    "gpt-oss": "<|start|>assistant<|channel|>final<|message|>",
}
"""What the prompts end with."""
