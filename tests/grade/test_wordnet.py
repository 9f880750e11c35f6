import zipfile
from pathlib import Path

import pytest

from burnish.grade.wordnet import FILES, WordNet, open_wordnet

SYNSETS = {
    "noun": [["car", "auto", "motor_car"], ["man", "adult_male"], ["Paris"]],
    "verb": [["breathe", "respire"], ["go", "move"]],
    "adj": [["awake(p)", "conscious"], ["large", "big"]],
    "adv": [],
}
EXCEPTIONS = {"noun": "men man\n", "verb": "went go\n", "adj": "", "adv": ""}


def write(directory: Path) -> Path:
    """A WordNet of a few words, in its own format."""
    directory.mkdir(parents=True)
    for kind, synsets in SYNSETS.items():
        data, index = "  1 A licence stands here.  \n", {}
        for lemmas in synsets:
            for lemma in lemmas:
                index.setdefault(lemma.partition("(")[0].lower(), []).append(len(data))
            words = " ".join(f"{lemma} 0" for lemma in lemmas)
            data += (
                f"{len(data):08d} 03 {kind[0]} {len(lemmas):02x} {words} 001 @ 00000000 n 0000 | gloss of 02 words\n"
            )
        lines = [
            f"{lemma} {kind[0]} {len(places)} 1 @ {len(places)} 0 {' '.join(f'{each:08d}' for each in places)}  \n"
            for lemma, places in sorted(index.items())
        ]
        (directory / f"data.{kind}").write_text(data)
        (directory / f"index.{kind}").write_text("  1 A licence stands here.  \n" + "".join(lines))
        (directory / f"{kind}.exc").write_text(EXCEPTIONS[kind])
    return directory


@pytest.fixture
def wordnet(tmp_path: Path) -> WordNet:
    found = open_wordnet([write(tmp_path / "wordnet")])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("car", {"car", "auto"}),  # without those of more than one word
        ("cars", {"car", "auto"}),
        ("men", {"man"}),  # by the exceptions
        ("went", {"go", "move"}),
        ("breathing", {"breathe", "respire"}),
        ("awake", {"awake", "conscious"}),  # without its place
        ("larger", {"large", "big"}),
        ("paris", {"Paris"}),
        ("quixotic", set()),
        ("", set()),
    ],
)
def test_the_synonyms_of_a_words_base_forms_are_found(wordnet, word, names):
    assert wordnet.synonyms(word) == names


def test_nltks_zip_file_is_read_as_it_was_downloaded(tmp_path):
    directory = write(tmp_path / "wordnet")
    with zipfile.ZipFile(tmp_path / "wordnet.zip", "w") as archive:
        for name in FILES:
            archive.write(directory / name, f"wordnet/{name}")
    found = open_wordnet([tmp_path / "wordnet.zip"])
    assert found is not None
    assert found.synonyms("cars") == {"car", "auto"}


def test_the_first_whole_wordnet_is_taken(tmp_path):
    broken, whole = write(tmp_path / "broken"), write(tmp_path / "whole")
    (broken / "data.verb").unlink()
    (tmp_path / "no.zip").write_text("no zip file")
    found = open_wordnet([tmp_path / "nowhere", tmp_path / "no.zip", broken, whole])
    assert found is not None
    assert found.place == whole
    assert open_wordnet([broken]) is None
