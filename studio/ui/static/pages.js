// Before anything is drawn: light or dark, as the system has it.
if (matchMedia('(prefers-color-scheme: dark)').matches) document.documentElement.classList.add('dark');
