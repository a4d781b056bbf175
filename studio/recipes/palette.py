"""The colours that doodles are offered in, on the canvas and on a phone: the pocket models were trained on
them, and know each by its name."""

PALETTE = (
    ("red", "#d62830"), ("pink", "#f782b0"), ("orange", "#f58628"), ("yellow", "#fad43c"),
    ("lime", "#9ed43e"), ("green", "#30984c"), ("teal", "#22a09e"), ("sky blue", "#68bef0"),
    ("blue", "#3064d6"), ("navy", "#222e68"), ("purple", "#7e42b2"), ("lavender", "#bca4e8"),
    ("brown", "#865432"), ("black", "#24222a"), ("grey", "#8c8e96"), ("white", "#f8f6f2"),
)  # fmt: skip
