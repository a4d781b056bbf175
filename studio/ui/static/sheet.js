// A regression sheet that is shown has been seen by whoever its address names, or is signed in.
const by = new URLSearchParams(location.search).get('by') ?? '';
await fetch(`${location.pathname}/seen`, {
  method: 'POST', body: JSON.stringify({ by }), headers: { 'Content-Type': 'application/json', 'X-Studio': 'sheet' },
});
