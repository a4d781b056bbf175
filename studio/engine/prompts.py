"""How much of a prompt the text encoder can hold."""

from transformers import CLIPTokenizer


def words_cut_off(tokenizer: CLIPTokenizer, prompt: str) -> str:
    """The tail of `prompt` that does not fit the encoder's window, as words; empty if it fits."""
    room = tokenizer.model_max_length - 2
    ids = tokenizer(prompt, add_special_tokens=False, truncation=False, verbose=False).input_ids
    return tokenizer.decode(ids[room:]).strip() if len(ids) > room else ""
