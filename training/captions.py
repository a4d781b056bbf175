"""Captions of drawn pictures: short English, in varied words and order."""

from collections.abc import Mapping, Sequence

import numpy as np

from training.character import Character
from training.colors import RGB, is_named
from training.garments import Garment

OPENING_PHRASES = (
    "an avatar", "a character", "a cute figure", "a doll", "an avatar", "a person", "a kid",
    "a cartoon child", "a model", "someone",
)  # fmt: skip
WEAR_PHRASES = ("wearing", "in", "dressed in", "with", "who wears")
STYLE_WORDS: Mapping[str, tuple[str, ...]] = {
    "ink": ("clean ink drawing", "bold outlines", "cel shading", "cartoon", "comic style", "glossy sticker"),
    "water": ("soft watercolor", "watercolor painting", "painted on paper", "gentle washes", "storybook illustration", "pastel wash"),
}  # fmt: skip
COLOR_WORDS: Mapping[str, tuple[str, ...]] = {
    "red": ("red", "red", "scarlet", "crimson", "cherry red"),
    "pink": ("pink", "pink", "rose pink", "bubblegum pink"),
    "orange": ("orange", "orange", "tangerine", "pumpkin orange"),
    "yellow": ("yellow", "yellow", "golden", "lemon yellow"),
    "lime": ("lime", "lime green", "light green", "grass green"),
    "green": ("green", "green", "forest green", "emerald"),
    "teal": ("teal", "teal", "turquoise", "sea green"),
    "sky blue": ("sky blue", "light blue", "baby blue"),
    "blue": ("blue", "blue", "royal blue", "cobalt blue"),
    "navy": ("navy", "dark blue", "navy blue", "midnight blue"),
    "purple": ("purple", "purple", "violet", "plum"),
    "lavender": ("lavender", "lilac", "light purple"),
    "brown": ("brown", "brown", "chocolate brown", "chestnut"),
    "black": ("black", "black", "jet black", "dark"),
    "grey": ("grey", "gray", "silver", "ash grey"),
    "white": ("white", "white", "snow white", "cream white"),
}
PATTERN_WORDS: Mapping[str, tuple[str, ...]] = {
    "striped": ("striped", "stripy", "with stripes"),
    "pinstriped": ("pinstriped", "vertically striped", "with long stripes"),
    "dotted": ("dotted", "polka dot", "with dots", "spotted"),
    "checked": ("checked", "plaid", "tartan", "with checks"),
    "zigzag": ("zigzag", "with zigzags", "chevron"),
}
SLEEVE_WORDS: Mapping[str, tuple[str, ...]] = {
    "sleeveless": ("", "", "sleeveless"),
    "short-sleeved": ("short-sleeved", "short sleeve", ""),
    "long-sleeved": ("long-sleeved", "long sleeve", ""),
}
TOP_WORDS: Mapping[str, tuple[str, ...]] = {
    "sleeveless": ("top", "tank top", "vest", "singlet"),
    "short-sleeved": ("top", "t-shirt", "tee", "shirt"),
    "long-sleeved": ("top", "sweater", "jumper", "shirt", "pullover"),
}
KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    "trousers": ("trousers", "trousers", "pants", "jeans", "leggings"),
    "shorts": ("shorts", "shorts", "short pants"),
    "jacket": ("jacket", "jacket", "coat", "cardigan", "open jacket"),
    "scarf": ("scarf", "scarf", "shawl", "neckerchief"),
    "bag": ("bag", "bag", "shoulder bag", "handbag", "satchel"),
}
CUT_WORDS: Mapping[str, tuple[str, ...]] = {
    "cap": ("cap", "baseball cap"),
    "beanie": ("beanie", "woolly hat", "bobble hat"),
    "sun hat": ("sun hat", "straw hat", "wide hat"),
    "crown": ("crown", "tiara"),
    "sneakers": ("shoes", "sneakers", "trainers"),
    "boots": ("boots", "boots", "rubber boots"),
}
POSE_WORDS: Mapping[str, tuple[str, ...]] = {
    "out": ("arms stretched out", "open arms"),
    "up": ("arms up", "hands in the air", "cheering"),
    "hip": ("hand on hip", "posing"),
    "wave": ("waving", "saying hello"),
}
HAIR_WORDS: Mapping[str, tuple[str, ...]] = {
    "shaved": ("shaved head", "no hair"),
    "buns": ("{} hair in two buns", "{} bun hairstyle"),
    "ponytail": ("{} ponytail", "{} hair in a ponytail"),
    "braids": ("{} braids", "{} plaited hair"),
    "afro": ("{} afro", "big round {} hair"),
}
FINE, WIDE = ("thin", "fine", "narrow", "small"), ("wide", "bold", "large", "big")
PLURAL = ("trousers", "shorts", "shoes")


def make_caption(
    character: Character, outfit: Sequence[Garment], style: str, rng: np.random.Generator
) -> str:
    """One line about the picture: the garments nearly always, the rest by chance."""
    clothes = [
        _garment_words(garment, rng)
        for garment in outfit
        if garment.kind in ("top", "dress", "trousers", "skirt", "shorts") or rng.random() < 0.8
    ]
    rng.shuffle(clothes)
    extras = [
        _hair_words(character, rng),
        f"{character.background_name} background",
        str(rng.choice(STYLE_WORDS[style])),
    ]
    if character.glasses:
        extras.append("glasses")
    if character.freckles:
        extras.append("freckles")
    if poses := [POSE_WORDS[arm] for arm in character.arms if arm in POSE_WORDS]:
        extras.append(str(rng.choice(poses[0])))
    if character.mouth in ("smile", "open", "grin"):
        extras.append(str(rng.choice(("smiling", "happy", "cheerful"))))
    kept = [words for words in extras if rng.random() < 0.45]
    rng.shuffle(kept)
    if not clothes:
        return ", ".join([str(rng.choice(OPENING_PHRASES)), *kept])
    opener, wearing = str(rng.choice(OPENING_PHRASES)), str(rng.choice(WEAR_PHRASES))
    if rng.random() < 0.15:
        return ", ".join([*clothes, *kept])
    return ", ".join([f"{opener} {wearing} {' and '.join(clothes)}", *kept])


def bare_captions(style: str) -> tuple[str, ...]:
    """Lines that say nothing of clothes: prompt templates around an empty prompt, and less."""
    return (
        *(f"{opening}, {words}" for opening in OPENING_PHRASES for words in STYLE_WORDS[style]),
        *(
            f"{opening} wearing , {words}"
            for opening in OPENING_PHRASES[:3]
            for words in STYLE_WORDS[style]
        ),
        *(
            f"{opening} wearing, {words}"
            for opening in OPENING_PHRASES[:3]
            for words in STYLE_WORDS[style]
        ),
        *OPENING_PHRASES,
        *STYLE_WORDS[style],
    )


def _hair_words(character: Character, rng: np.random.Generator) -> str:
    plain = (f"{{}} {character.hair_style} hair", f"{character.hair_style} {{}} hair")
    return str(rng.choice(HAIR_WORDS.get(character.hair_style, plain))).format(character.hair_name)


def _shape_words(garment: Garment, rng: np.random.Generator) -> str:
    """Something about the cut, now and then."""
    if rng.random() < 0.6:
        return ""
    if garment.kind == "top":
        return {"v-neck": "v-neck", "collar": "collared", "round": "round-necked"}[garment.cut]
    if garment.kind in ("dress", "skirt"):
        if garment.flare > 0.6:
            return str(rng.choice(("flared", "wide", "swinging", "full")))
        return str(rng.choice(("straight", "slim", "pencil"))) if garment.flare < 0.3 else ""
    if garment.kind == "trousers":
        return str(
            rng.choice(
                ("baggy", "wide-leg", "loose")
                if garment.flare > 0.5
                else ("tight", "skinny", "slim")
            )
        )
    return ""


def _garment_words(garment: Garment, rng: np.random.Generator) -> str:
    before: list[str] = [_shape_words(garment, rng)]
    after: list[str] = []
    color = _paint_words(garment.color_name, garment.color, rng)
    if garment.pattern == "plain":
        before.append(color)
    else:
        secondary_color = _paint_words(garment.secondary_color_name, garment.secondary_color, rng)
        before.append(
            f"{color} and {secondary_color}"
            if color and secondary_color
            else color or secondary_color
        )
        words = str(rng.choice(PATTERN_WORDS[garment.pattern]))
        if words.startswith("with ") and garment.pattern != "pinstriped":
            size = str(rng.choice(FINE if garment.gap < 16 else WIDE))
            words = f"with {size} {words.removeprefix('with ')}"
        (after if words.startswith("with") else before).append(words)
    if garment.kind in ("top", "dress", "jacket"):
        before.append(str(rng.choice(SLEEVE_WORDS[garment.sleeves])))
    if garment.motif != "none":
        paint = _paint_words(garment.motif_color_name, garment.motif_color, rng)
        after.append(" ".join(word for word in ("with a", paint, garment.motif) if word))
    words = " ".join(word for word in [*before, _noun(garment, rng), *after] if word)
    return words if garment.kind in PLURAL else f"{'an' if words[0] in 'aeio' else 'a'} {words}"


def _paint_words(name: str, color: RGB, rng: np.random.Generator) -> str:
    """A word for the color, none for one that hardly goes by the name of its nearest paint."""
    word = str(rng.choice(COLOR_WORDS[name]))
    return word if is_named(color, name) else ""


def _noun(garment: Garment, rng: np.random.Generator) -> str:
    if garment.kind in ("hat", "shoes"):
        return str(rng.choice(CUT_WORDS[garment.cut]))
    if garment.kind == "top":
        return str(rng.choice(TOP_WORDS[garment.sleeves]))
    if garment.kind == "skirt":
        return str(
            rng.choice(
                ("long skirt", "maxi skirt") if garment.length > 0.6 else ("skirt", "mini skirt")
            )
        )
    if garment.kind == "dress":
        return str(
            rng.choice(
                ("gown", "long dress", "dress")
                if garment.length > 0.6
                else ("dress", "dress", "frock")
            )
        )
    return str(rng.choice(KIND_WORDS[garment.kind]))
