"""The colors that doodles are drawn in, on the canvas and on a phone: the pocket models were trained on them
and know each by its name."""

from collections.abc import Mapping

PALETTE = (
    ("red", "#d62830"), ("pink", "#f782b0"), ("orange", "#f58628"), ("yellow", "#fad43c"),
    ("lime", "#9ed43e"), ("green", "#30984c"), ("teal", "#22a09e"), ("sky blue", "#68bef0"),
    ("blue", "#3064d6"), ("navy", "#222e68"), ("purple", "#7e42b2"), ("lavender", "#bca4e8"),
    ("brown", "#865432"), ("black", "#24222a"), ("grey", "#8c8e96"), ("white", "#f8f6f2"),
)  # fmt: skip

NAME_IDS: Mapping[str, str] = {
    "red": "studio.color_red",
    "pink": "studio.color_pink",
    "orange": "studio.color_orange",
    "yellow": "studio.color_yellow",
    "lime": "studio.color_lime",
    "green": "studio.color_green",
    "teal": "studio.color_teal",
    "sky blue": "studio.color_sky_blue",
    "blue": "studio.color_blue",
    "navy": "studio.color_navy",
    "purple": "studio.color_purple",
    "lavender": "studio.color_lavender",
    "brown": "studio.color_brown",
    "black": "studio.color_black",
    "grey": "studio.color_grey",
    "white": "studio.color_white",
}
"""Message id of each color, for its translated name."""
