"""Look-alike characters: letters of other scripts, signs, variants of Chinese characters.

Additions to Unicode's own tables (NFKC, the package confusable-homoglyphs).
"""

import re
import unicodedata

FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Invisible characters that Unicode lists as letters or symbols."""

_NAME = re.compile(
    r"LATIN (?:CAPITAL |SMALL )?LETTER (?:(?:SMALL CAPITAL|TURNED|REVERSED|INVERTED|SIDEWAYS|"
    r"OPEN|CLOSED|BARRED|DOTLESS|LONG-LEGGED|BLACKLETTER|HALF|SCRIPT|FINAL) )*([A-Z])(?: .*)?"
)
_INDICATOR = re.compile(r"REGIONAL INDICATOR SYMBOL LETTER ([A-Z])")


def letter_by_name(char: str) -> str:
    """The Latin letter in a character's Unicode name; empty if there is none.

    For small capitals, letters with strokes and hooks, enclosed and squared letters, regional
    indicators.
    """
    name = unicodedata.name(char, "")
    match = _INDICATOR.fullmatch(name)
    if match is None and "LATIN" in name and unicodedata.category(char) != "Cf":
        match = _NAME.fullmatch(name[name.index("LATIN") :])
    return match.group(1).lower() if match else ""


def _table(text: str) -> dict[str, str]:
    """A table from look-alikes to letters, from `a:αа b:вь`."""
    pairs = (entry.split(":") for entry in text.split())
    return {char: letter for letter, chars in pairs for char in chars}


LETTER_CONFUSABLES = _table(
    "a:αɑадⲁ b:вьъβб c:сςϲⲥ d:ԁδძðđ e:еєεⲉэҽəз f:ғƒ g:ɡցɢ h:нћђһհɧ i:іїιⲓɪ j:јϳյ k:кκⲕқҝ l:ӏℓ m:м "
    "n:пиηπⲛոռղŋח o:оοθφⲟфσөօס p:рρⲣϱþ q:ԛզ r:яг s:ѕʂտƨ t:тτեƚⲧ u:υսцμʊטʋ v:νѵ w:шщωա x:хχҳж y:уγүұч"
)
"""Letters of other scripts that look like Latin ones. Words in those scripts are found
nevertheless: entries are normalized in the same way as texts."""

SIGN_CONFUSABLES = _table(
    "a:₳ᗩᎪ b:฿ᗷᏴ c:₵¢©ᑕᏟ d:₫ᗪᎠ e:€ᗴᎬ f:₣ᖴ g:₲ᘜᏀ h:ⱧⱨᕼᎻ i:Ꭵ j:ᒍᎫ k:₭Ꮶ l:£ᒪᏞ m:₥ᗰᎷ n:₦ᑎ o:ӨØ "
    "p:₱ᑭᏢ q:ᑫ r:®ᖇᎡ s:§ᔕᏚꮪ t:₮Ꭲ u:Ʉʉᑌ v:ᐯᏙ w:₩ᗯᎳ x:᙭ y:¥ z:ᘔᏃ 马:🐴🐎 鸡:🐔🐓 草:🌿🌱 日:🌞 狗:🐶🐕 牛:🐮🐂"
)
SIGN_CONFUSABLES |= dict(
    zip("⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵", "abcdefghijklmnopqrstuvwxyz", strict=True)
)
"""Letters and Chinese characters by the currency signs, syllables, emoji and Braille used for them."""

LETTER_SHAPES = _table(
    "a:卂 b:乃 c:匚 d:ᗪ e:乇 f:千 g:Ꮆ h:卄 i:丨工 j:ﾌフ k:Ҝ l:ㄥ m:爪 n:几 o:口ㄖ p:卩 q:Ɋ r:尺 s:丂 t:丅ㄒ "
    "u:凵ㄩ v:ᐯ w:山 x:乂 y:丫ㄚ z:乙"
)
"""Chinese characters, bopomofo and kana used as Latin letters, in tokens of nothing else."""

UPSIDE_DOWN = {
    **{char: char for char in "losxz"}, "ɐ": "a", "q": "b", "ɔ": "c", "p": "d", "ǝ": "e", "ə": "e",
    "ɟ": "f", "ƃ": "g", "ɥ": "h", "ᴉ": "i", "ı": "i", "ɾ": "j", "ʞ": "k", "ʅ": "l", "ɯ": "m", "u": "n",
    "d": "p", "b": "q", "ɹ": "r", "ʇ": "t", "n": "u", "ʌ": "v", "ʍ": "w", "ʎ": "y",
}  # fmt: skip
"""Upside-down letters; the text is read backwards."""
UPSIDE_DOWN_ONLY = frozenset("ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ")
"""Those of them that have no other use."""

HAN_VARIANTS = _table("着:著 裸:祼倮躶臝 淫:婬滛霪 奸:奷姧 逼:屄毴 日:曰 枪:杄 妈:嫲 自:洎 鸡:雞鷄")
"""Chinese characters by the variants and similar characters that replace them."""

COMPONENTS = {
    "衤果": "裸", "礻果": "裸", "身果": "裸", "月兑": "脱", "女干": "奸", "弓虽": "强", "氵壬": "淫",
    "女支": "妓", "女票": "嫖", "马蚤": "骚", "扌臿": "插", "扌喿": "操", "木仓": "枪", "米青": "精",
    "鸟几": "鸡", "又鸟": "鸡", "忄生": "性", "女马": "妈", "亻尔": "你", "车仑": "轮", "阝月": "阴",
    "歹匕": "死", "尸乚": "乳", "孚乚": "乳", "目艮": "眼", "月工": "肛",
}  # fmt: skip
"""Chinese characters by the two components that they are decomposed into."""
