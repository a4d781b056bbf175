// How near the page is looked at: the zoom wheel, two fingers, a hand that moves it.
const frame = root.querySelector('.sketch-page');
const zoomed = root.querySelector('.sketch-zoom');
const NEAREST = 16;
const view = { scale: 1, x: 0, y: 0 };
const fingers = new Map();
let pinch = null;

// The page always fills its frame: it is never moved out of sight.
function showView() {
  const box = frame.getBoundingClientRect();
  view.scale = Math.min(NEAREST, Math.max(1, view.scale));
  view.x = Math.min(0, Math.max(box.width * (1 - view.scale), view.x));
  view.y = Math.min(0, Math.max(box.height * (1 - view.scale), view.y));
  zoomed.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
}

// Zooms so that what lies under the point of the window stays there.
function zoom(factor, clientX, clientY) {
  const box = frame.getBoundingClientRect();
  const [x, y] = [clientX - box.left, clientY - box.top];
  const scale = Math.min(NEAREST, Math.max(1, view.scale * factor));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  showView();
}

function zoomMiddle(factor) {
  const box = frame.getBoundingClientRect();
  zoom(factor, box.left + box.width / 2, box.top + box.height / 2);
}

function wholePage() {
  Object.assign(view, { scale: 1, x: 0, y: 0 });
  showView();
}

function move(dx, dy) {
  view.x += dx;
  view.y += dy;
  showView();
}

frame.addEventListener('wheel', (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
}, { passive: false });

function twoFingers() {
  const [a, b] = [...fingers.values()];
  return {
    x: (a.x + b.x) / 2,
    y: (a.y + b.y) / 2,
    apart: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)),
  };
}

// Two fingers move and zoom at once. True while they do, so that nothing is drawn.
function pinching() {
  if (fingers.size !== 2) {
    pinch = null;
    return false;
  }
  const now = twoFingers();
  if (pinch) {
    move(now.x - pinch.x, now.y - pinch.y);
    zoom(now.apart / pinch.apart, now.x, now.y);
  }
  pinch = now;
  return true;
}
