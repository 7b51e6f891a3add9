"""What people write back is taken for a word only if it is nothing else."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cascade import words
from core.cascade.replies import Answer, StopWord, meaning, read_reply

LISTS = {
    StopWord.STOP: words.STOP,
    StopWord.START: words.START,
    StopWord.HELP: words.HELP,
    Answer.CONFIRM: words.CONFIRM,
    Answer.CANCEL: words.CANCEL,
    Answer.RESCHEDULE: words.RESCHEDULE,
}
LISTED = [
    (word.strip(), meant)
    for meant, languages in LISTS.items()
    for listed in languages.values()
    for word in listed.split(",")
]

noise = st.text(" .,!?¡¿…\"'()-\n\t\u200f👍🙏", max_size=4)


def found(text: str) -> set[str]:
    read = read_reply(text)
    return {value for one in fields(read) if (value := getattr(read, one.name))}


@pytest.mark.parametrize("meant", LISTS)
def test_every_word_is_known_in_at_least_a_dozen_languages(meant: str) -> None:
    assert len(LISTS[meant]) >= 12


@pytest.mark.parametrize(("word", "meant"), LISTED)
def test_a_word_means_one_thing(word: str, meant: str) -> None:
    assert found(word) == {meant}


@given(st.sampled_from(LISTED), noise, noise, st.booleans())
def test_case_and_punctuation_change_nothing(
    listed: tuple[str, str], before: str, after: str, loud: bool
) -> None:
    word, meant = listed

    assert found(before + (word.upper() if loud else word) + after) == {meant}


@pytest.mark.parametrize("text", ["ARRÊT", "Arrêt.", "arret", "  STOPP!! ", "Opt-out"])
def test_accents_may_be_left_out(text: str) -> None:
    assert meaning(text) is StopWord.STOP


@given(st.sampled_from(["stop", "стоп", "توقف"]), st.text(), st.text())
def test_a_word_inside_a_sentence_is_no_word(
    word: str, before: str, after: str
) -> None:
    assert meaning(f"{before} please do not {word} writing {after}") is None


@pytest.mark.parametrize(
    "text", ["", "?!", "unstoppable", "stop it now", "nonstop", "1"]
)
def test_other_texts_mean_nothing(text: str) -> None:
    assert found(text) == set()


@pytest.mark.parametrize("text", ["CANCEL", "Annulla", "İPTAL", "abmelden"])
def test_a_clinics_cancel_is_an_answer_and_no_stop(text: str) -> None:
    assert found(text) == {Answer.CANCEL}


def test_what_the_carrier_makes_of_it_is_seen_beside_it() -> None:
    cancel = read_reply("Cancel", StopWord.STOP)
    yes = read_reply("YES", StopWord.START)

    assert (cancel.answer, cancel.word) == (Answer.CANCEL, StopWord.STOP)
    assert (yes.answer, yes.word) == (Answer.CONFIRM, StopWord.START)
