"""The pocket tokenizer: CLIP's byte-pair scheme over a vocabulary of our own."""

from collections.abc import Sequence

from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import CLIPTokenizer

BOS_TOKEN, EOS_TOKEN = "<|startoftext|>", "<|endoftext|>"


def train_tokenizer(captions: Sequence[str], merges: int = 700) -> CLIPTokenizer:
    """A CLIPTokenizer whose words are those of `captions`; others fall apart into pieces.

    As in CLIP the alphabet is all bytes, alone and at a word's end, so nothing is unknown;
    the two special tokens come last.
    """
    learner = Tokenizer(BPE(end_of_word_suffix="</w>"))
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = BpeTrainer(
        vocab_size=2 * len(alphabet) + merges,
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner.train_from_iterator((words.lower() for words in captions), trainer)
    return _clip_tokenizer(learner, alphabet)


def _clip_tokenizer(learner: Tokenizer, alphabet: Sequence[str]) -> CLIPTokenizer:
    import json

    model = json.loads(learner.to_str())["model"]
    pairs = [
        tuple(pair) if isinstance(pair, list) else tuple(pair.split(" "))
        for pair in model["merges"]
    ]
    words = [
        *alphabet,
        *(letter + "</w>" for letter in alphabet),
        *("".join(pair) for pair in pairs),
    ]
    vocabulary = {
        word: index for index, word in enumerate(dict.fromkeys([*words, BOS_TOKEN, EOS_TOKEN]))
    }
    return CLIPTokenizer(vocab=vocabulary, merges=pairs, model_max_length=77)
