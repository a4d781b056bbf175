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
    "red": "studio.colour_red",
    "pink": "studio.colour_pink",
    "orange": "studio.colour_orange",
    "yellow": "studio.colour_yellow",
    "lime": "studio.colour_lime",
    "green": "studio.colour_green",
    "teal": "studio.colour_teal",
    "sky blue": "studio.colour_sky_blue",
    "blue": "studio.colour_blue",
    "navy": "studio.colour_navy",
    "purple": "studio.colour_purple",
    "lavender": "studio.colour_lavender",
    "brown": "studio.colour_brown",
    "black": "studio.colour_black",
    "grey": "studio.colour_grey",
    "white": "studio.colour_white",
}
"""Message id of each color, for its translated name."""
