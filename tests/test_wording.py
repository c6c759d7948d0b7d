"""Numbers and names in words."""

import pytest

from pages.shared import wording


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0 s"),
        (7, "7 s"),
        (7.26, "7.3 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3_600, "1 h"),
        (11_400, "3 h 10 min"),
    ],
)
def test_duration(seconds, words):
    assert wording.duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s"),
        (4.4, "4 s"),
        (9.7, "10 s"),
        (48, "50 s"),
        (89, "90 s"),
        (91, "2 min"),
        (240, "4 min"),
        (5_399, "90 min"),
        (7_200, "2 h"),
    ],
)
def test_about(seconds, words):
    assert wording.about(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "1 MB"), (6e7, "60 MB"), (999.4e6, "999 MB"), (999.6e6, "1.0 GB"), (1.24e9, "1.2 GB")],
)
def test_memory(size, words):
    assert wording.memory(size) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (0.00386, "0.00386"), (1.0, "1.00000"), (1.44e-6, "1.4e-06"), (0.0, "0.00000")],
)
def test_error(value, words):
    assert wording.error(value) == words


def test_plain_leaves_no_markdown():
    assert wording.plain("*a* [b](c) `d` $e$ :red[f] <g>") == r"\*a\* \[b\]\(c\) \`d\` \$e\$ \:red\[f\] \<g\>"
    assert wording.plain("# one\n\n- two\t three") == r"\# one \- two three"
    assert wording.plain("été 12") == "été 12"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("", ""),
        ("the model has learnt nothing", r"The model has learnt nothing\."),
        ("run lab-32-a1 is over", r"Run lab\-32\-a1 is over\."),
        ("lab-32-a1 is over", r"lab\-32\-a1 is over\."),
        ("weights.safetensors is damaged", r"weights\.safetensors is damaged\."),
        ("learning_rate is 0", r"learning\_rate is 0\."),
        ("3 analyses are waiting", r"3 analyses are waiting\."),
        ("Try again. Or not?", r"Try again\. Or not\?"),
    ],
)
def test_sentence(message, words):
    assert wording.sentence(message) == words
