"""Two ways to finish a drawing: cel-shaded ink, and soft watercolor on paper."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import skia
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from training.character import SIZE, Vec
from training.colors import INK, RGB, shade

STYLES = ("ink", "water")
PAPER: RGB = (251, 248, 241)

Decorate = Callable[[], None]


class DrawingStyle(Protocol):
    """How shapes are put on the page. Paths are in the canvas's present axes."""

    def page(self, canvas: skia.Canvas, background: RGB) -> None:
        """The ground everything stands on."""

    def part(
        self, canvas: skia.Canvas, path: skia.Path, color: RGB, decorate: Decorate | None = None
    ) -> None:
        """One piece of body or cloth; `decorate` puts a pattern on it."""

    def detail(self, canvas: skia.Canvas, path: skia.Path, color: RGB) -> None:
        """A small flat shape without an outline of its own."""

    def line(self, canvas: skia.Canvas, path: skia.Path, color: RGB, width: float) -> None:
        """A drawn line."""

    def finish(self, picture: Image.Image) -> Image.Image:
        """What happens to the whole page at the end."""


def drawing_style(style: str, rng: np.random.Generator) -> DrawingStyle:
    """The hand of this style; `rng` gives watercolor its accidents."""
    return InkStyle() if style == "ink" else WatercolorStyle(rng)


class InkStyle:
    """Dark outlines of one width, flat color, a shaded and a lit edge."""

    LINE = 2.4

    def page(self, canvas: skia.Canvas, background: RGB) -> None:
        canvas.clear(skia.Color(*background))

    def part(
        self, canvas: skia.Canvas, path: skia.Path, color: RGB, decorate: Decorate | None = None
    ) -> None:
        canvas.drawPath(path, fill(color))
        if decorate is not None:
            decorate()
        canvas.save()
        canvas.clipPath(path, skia.ClipOp.kIntersect, doAntiAlias=True)
        self._rim(canvas, path, (-4.5, -2.5), skia.Color(*INK, 62))
        self._rim(canvas, path, (3.5, 3.0), skia.Color(255, 255, 255, 70))
        canvas.restore()
        canvas.drawPath(path, stroke(INK, self.LINE))

    def detail(self, canvas: skia.Canvas, path: skia.Path, color: RGB) -> None:
        canvas.drawPath(path, fill(color))

    def line(self, canvas: skia.Canvas, path: skia.Path, color: RGB, width: float) -> None:
        canvas.drawPath(path, stroke(color, width))

    def finish(self, picture: Image.Image) -> Image.Image:
        return picture

    @staticmethod
    def _rim(canvas: skia.Canvas, path: skia.Path, shift: Vec, color: int) -> None:
        """Tints what `path` leaves uncovered of itself when moved by `shift`."""
        moved = skia.Path(path)
        moved.offset(*shift)
        edge = skia.Op(path, moved, skia.kDifference_PathOp)
        canvas.drawPath(edge, skia.Paint(Color=color, AntiAlias=True))


class WatercolorStyle:
    """No ink: soft washes that pool towards one side, darker rims, blooms, paper that shows."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def page(self, canvas: skia.Canvas, background: RGB) -> None:
        canvas.clear(skia.Color(*PAPER))
        wash = shade(background, 0.96)
        for _ in range(5):
            x, y = self._rng.normal(SIZE / 2, 16, 2)
            width, height = self._rng.uniform(150, 225, 2)
            blob = skia.Rect.MakeXYWH(x - width / 2, y - height / 2, width, height)
            canvas.drawRRect(
                skia.RRect.MakeRectXY(blob, 70, 70), _soft(wash, 0.5, self._rng.uniform(5, 11))
            )

    def part(
        self, canvas: skia.Canvas, path: skia.Path, color: RGB, decorate: Decorate | None = None
    ) -> None:
        box = path.getBounds()
        canvas.drawPath(path, _soft(color, 0.96, 0.7))
        if decorate is not None:
            decorate()
        canvas.save()
        canvas.clipPath(path, skia.ClipOp.kIntersect, doAntiAlias=True)
        self._pool(canvas, box, color)
        canvas.drawPath(path, _soft(shade(color, 0.62), 0.5, 1.4, width=3.5))
        for _ in range(2):
            x, y = (
                self._rng.uniform(box.left(), box.right()),
                self._rng.uniform(box.top(), box.bottom()),
            )
            canvas.drawCircle(x, y, self._rng.uniform(4, 10), _soft((255, 255, 255), 0.16, 3.5))
        canvas.restore()

    def detail(self, canvas: skia.Canvas, path: skia.Path, color: RGB) -> None:
        canvas.drawPath(path, _soft(color, 0.92, 0.5))

    def line(self, canvas: skia.Canvas, path: skia.Path, color: RGB, width: float) -> None:
        canvas.drawPath(path, _soft(shade(color, 1.06), 0.92, 0.35, width=width * 0.85))

    def finish(self, picture: Image.Image) -> Image.Image:
        """Pigment settles in the paper: slow light and dark of about one in a hundred."""
        grain = self._rng.normal(0, 90, (SIZE // 2, SIZE // 2)).clip(-128, 127)
        small = Image.fromarray((grain + 128).astype(np.uint8))
        field = small.filter(ImageFilter.GaussianBlur(1.2)).resize((SIZE, SIZE))
        factor = 1 + (_floats(field)[..., None] - 128) / 128 * 0.05
        return Image.fromarray((_floats(picture) * factor).clip(0, 255).astype(np.uint8))

    def _pool(self, canvas: skia.Canvas, box: skia.Rect, color: RGB) -> None:
        """Wet paint runs to one side: clear there, deep here."""
        turn = self._rng.uniform(0, 2 * np.pi)
        reach = max(box.width(), box.height()) / 2
        middle = (box.centerX(), box.centerY())
        across = (np.cos(turn) * reach, abs(np.sin(turn)) * reach)
        ends = [
            skia.Point(middle[0] - across[0], middle[1] - across[1]),
            skia.Point(middle[0] + across[0], middle[1] + across[1]),
        ]
        colors = [skia.Color(255, 255, 255, 28), skia.Color(*shade(color, 0.7), 76)]
        shader = skia.GradientShader.MakeLinear(points=ends, colors=colors)
        canvas.drawRect(box, skia.Paint(Shader=shader))


def fill(color: RGB) -> skia.Paint:
    return skia.Paint(Color=skia.Color(*color), AntiAlias=True)


def stroke(color: RGB, width: float) -> skia.Paint:
    return skia.Paint(
        Color=skia.Color(*color),
        AntiAlias=True,
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )


def _soft(color: RGB, alpha: float, blur: float, width: float = 0) -> skia.Paint:
    """Paint with a blurred edge; `width` 0 fills."""
    paint = stroke(color, width) if width else fill(color)
    paint.setAlphaf(alpha)
    paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.BlurStyle.kNormal_BlurStyle, blur))
    return paint


def _floats(picture: Image.Image) -> NDArray[np.float32]:
    return np.asarray(picture, np.float32)
