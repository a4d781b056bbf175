// Why one is here again.
import './language.js';

if (matchMedia('(prefers-color-scheme: dark)').matches) document.documentElement.classList.add('dark');
const asked = new URLSearchParams(location.search);
const told = document.querySelector('#told');
if (asked.has('wrong')) told.textContent = 'That name or password is wrong.';
if (asked.has('too-often')) told.textContent = 'Too many wrong passwords: wait a minute.';
