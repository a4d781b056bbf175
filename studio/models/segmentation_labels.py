"""The labels of segmentation models: which of them are clothes, and which are the character itself.

Models trained on ATR, LIP, iMaterialist or Fashionpedia spell them differently: "Upper-clothes", "upper clothes",
"shirt, blouse". A label counts by its words.
"""

import re
from collections.abc import Mapping

CLOTHES = frozenset(
    {
        *("clothes", "clothing", "upper", "shirt", "blouse", "top", "sweatshirt", "sweater"),
        *("cardigan", "jacket", "vest", "coat", "pants", "trousers", "jeans", "shorts", "skirt"),
        *("dress", "gown", "jumpsuit", "jumpsuits", "cape", "tights", "stockings", "belt"),
        *("scarf", "sleeve", "collar", "hood", "hoodie", "suit"),
    }
)
PROTECTED = frozenset({"face", "hair", "head", "skin", "sunglasses", "glasses"})


def is_clothes(label: str) -> bool:
    """Whether the label names something that is worn on body, arms or legs."""
    return bool(_words(label) & CLOTHES) and not is_protected(label)


def is_protected(label: str) -> bool:
    """Whether the label names a part of the head."""
    return bool(_words(label) & PROTECTED)


def names_clothes(labels: object) -> bool:
    """Whether a configuration's `id2label` has a label for clothes."""
    if not isinstance(labels, Mapping):
        return False
    return any(isinstance(label, str) and is_clothes(label) for label in labels.values())


def _words(label: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", label.casefold()))
