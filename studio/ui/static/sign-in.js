// Why one is here again.
import './language.js';

if (matchMedia('(prefers-color-scheme: dark)').matches) document.documentElement.classList.add('dark');
const asked = new URLSearchParams(location.search);
const told = document.querySelector('#told');
if (asked.has('wrong')) told.textContent = 'That name or password is wrong.';
if (document.body.dataset.told) told.textContent = document.body.dataset.told;
