// What a page observes of itself while `benchmarks.page` drives it: `window.probe`.
(() => {
  const probe = {
    shift: 0, // Sum of all layout shifts without a recent input (CLS counts at most that).
    longest: 0, // Milliseconds of the longest task.
    drawable: 0, // Milliseconds from the navigation until the canvas takes a stroke.
    accepted: 0, // The same until the server has accepted a run.
    changes: [], // Milliseconds from each click until what it changed is drawn.
    strokes: [], // Milliseconds from each move of a pressed pointer until its frame is drawn.
    stall: 0, // The longest frame after a pen-up, in milliseconds.
    frames: [], // Milliseconds between frames while `probe.watching`.
    watching: false,
  };
  window.probe = probe;

  const observe = (type, callback) =>
    new PerformanceObserver((list) => list.getEntries().forEach(callback)).observe({ type, buffered: true });
  observe('layout-shift', (entry) => {
    if (!entry.hadRecentInput) probe.shift += entry.value;
  });
  observe('longtask', ({ duration }) => {
    probe.longest = Math.max(probe.longest, duration);
  });

  /** Calls back when the frame that is being made has been handed to the compositor. */
  const afterFrame = (callback) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = callback;
      port2.postMessage(0);
    });

  const takesStrokes = () => {
    const sheet = document.querySelector('.sketch canvas');
    const box = sheet?.getBoundingClientRect();
    if (!box?.width) return false;
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return hit === sheet;
  };
  const isOpened = () => document.documentElement.dataset.opened === 'yes';
  const look = () => {
    if (!probe.drawable && takesStrokes()) probe.drawable = performance.now();
    const generate = document.querySelector('#generate');
    if (probe.drawable && isOpened() && generate && !generate.disabled) {
      if (window.generateAtOnce) generate.click();
      return;
    }
    requestAnimationFrame(look);
  };
  addEventListener('DOMContentLoaded', look);
  document.addEventListener('run-changed', ({ target }) => {
    if (!probe.accepted && target.run?.phase === 'running') probe.accepted = performance.now();
  });

  addEventListener(
    'click',
    ({ timeStamp, isTrusted }) => {
      if (!isTrusted) return;
      const observer = new MutationObserver(() => {
        observer.disconnect();
        afterFrame(() => probe.changes.push(performance.now() - timeStamp));
      });
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    },
    { capture: true },
  );
  addEventListener(
    'pointermove',
    ({ timeStamp, buttons }) => {
      if (buttons) afterFrame(() => probe.strokes.push(performance.now() - timeStamp));
    },
    { capture: true },
  );
  addEventListener(
    'pointerup',
    () => {
      let last = performance.now();
      const end = last + 800;
      const tick = () => {
        const now = performance.now();
        probe.stall = Math.max(probe.stall, now - last);
        last = now;
        if (now < end) requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    },
    { capture: true },
  );

  probe.watch = () => {
    probe.watching = true;
    let last = performance.now();
    const tick = () => {
      const now = performance.now();
      probe.frames.push(now - last);
      last = now;
      if (probe.watching) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  };
})();
