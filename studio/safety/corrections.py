"""What a word that is not ordinary may stand for: a misspelling, a compound, a word reversed."""

from collections.abc import Callable, Container, Iterator, Set

from studio.safety.misspellings import MisspellingIndex
from studio.safety.spelling import SHORT_WORDS, collapse_repeats, reversed_and_rot13, split_compound
from studio.safety.text_normalization import WORD_RE, NormalizedText, TextVariant, replacement_for
from studio.safety.tokenization import readings

MIN_COMPOUND_CHARS = 5


class WordCorrector:
    """Finds the entries that evasive spellings of words stand for.

    `is_entry` tells whether a word is an entry of the lists; `ordinary` are words that are never treated
    as evasions, `companions` words that are recognized when they are joined to an entry.
    """

    def __init__(
        self,
        is_entry: Callable[[str], bool],
        ordinary: Set[str],
        companions: Container[str],
        misspellings: MisspellingIndex,
    ) -> None:
        self._is_entry, self._ordinary, self._companions = is_entry, ordinary, companions
        self._misspellings = misspellings

    def variants(
        self, tokens: list[NormalizedText], plain_tokens: list[NormalizedText]
    ) -> Iterator[TextVariant]:
        """Corrections of the words that are not ordinary."""
        for token, plain in zip(tokens, plain_tokens, strict=True):
            candidates = [plain] if token.text.isalpha() else [plain, *readings(token, plain)]
            for word in dict.fromkeys(candidate.text for candidate in candidates):
                if len(word) > 2 and not self._is_ordinary(word, token.text):
                    for correction in self._corrections(word):
                        yield replacement_for(token, correction)

    def _is_ordinary(self, word: str, token: str) -> bool:
        """Whether it is an ordinary word, or its token consists of such words with signs between
        them."""
        return word in self._ordinary or self.is_compound(token, with_short=True)

    def is_compound(self, token: str, with_short: bool = False) -> bool:
        """Whether a token is several ordinary (or short) words with signs between them,
        `rifle-green`."""
        parts = WORD_RE.findall(token)
        return len(parts) > 1 and all(
            part in self._ordinary or (with_short and part in SHORT_WORDS) for part in parts
        )

    def _corrections(self, word: str) -> Iterator[str]:
        """What a word may stand for: repeated letters, misspellings, compounds, reversed, ROT13."""
        if not word.isascii():
            return
        letters = word.strip("0123456789")
        if len(letters) >= 3 and letters != word:
            yield letters
        if not letters.isalpha() or letters in self._ordinary or self._is_entry(letters):
            return
        for spelling in dict.fromkeys((letters, *collapse_repeats(letters))):
            if spelling in self._ordinary and not self._is_entry(spelling):
                continue
            if spelling != letters:
                yield spelling
            yield from self._near_words(spelling)
        for spelling in reversed_and_rot13(letters):
            if len(spelling) > 3 and self._is_entry(spelling):
                yield spelling

    def _near_words(self, spelling: str) -> Iterator[str]:
        """The entry that it may be a misspelling of, and the words that it may be a compound of."""
        if correction := self._misspellings.correct(spelling):
            yield correction
        if len(spelling) >= MIN_COMPOUND_CHARS and (
            parts := split_compound(spelling, self._is_entry, self._companions)
        ):
            yield " ".join(parts)
