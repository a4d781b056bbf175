"""What `evaluate` prints and draws."""

from collections.abc import Sequence

from PIL import Image

from training.character import SIZE
from training.evaluation import Metrics


def table(metrics: Metrics) -> str:
    """The figures beside what was aimed at, as Markdown."""
    f = metrics
    ratio = f.diversity / f.diversity_of_seeds
    lines = [
        ("median CIEDE2000 in doodled regions", f"{f.color_error:.1f}", "under 12"),
        ("doodled regions kept (CIEDE2000 under 20)", f"{f.color_kept_rate:.0%}", ""),
        ("figure kept", f"{f.character_kept_rate:.0%}", "95 %"),
        ("figure kept under an all-black page", f"{f.character_kept_rate_solid:.0%}", "90 %"),
        ("figure kept under wild pages", f"{f.character_kept_rate_scribbled:.0%}", ""),
        ("style told right", f"{f.style_accuracy:.0%}", "98 %"),
        ("color asked for in words alone", f"{f.color_adherence:.0%}", "90 %"),
        (
            "garment asked for in words alone, as the evaluator sees it",
            f"{f.garment_adherence:.0%}",
            "90 %",
        ),
        (
            "motif or pattern kept, as the detail network sees it",
            f"{f.detail_kept_rate:.0%}",
            "85 %",
        ),
        ("CIEDE2000 on the face to the drawn image", f"{f.face_difference:.1f}", ""),
        ("nothing added where nothing is drawn", f"{f.nothing_added_rate:.0%}", "95 %"),
        ("seconds a request here", f"{f.seconds:.1f}", ""),
        ("diversity of the four / of four seeds of A", f"{ratio:.2f}", "2"),
    ]
    rows = [f"| {name} | {value} | {aim} |" for name, value, aim in lines]
    head = [f"| `{f.preset}`, {f.cases} doodles | figure | aim |", "|---|---|---|"]
    return "\n".join([*head, *rows])


def sheet(rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Rows of pictures on one page."""
    page = Image.new("RGB", (SIZE * max(map(len, rows)), SIZE * len(rows)), "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            page.paste(picture.convert("RGB").resize((SIZE, SIZE)), (SIZE * x, SIZE * y))
    return page
