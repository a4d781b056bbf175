// Light or dark, as the system has it.
document.documentElement.classList.toggle('dark', matchMedia('(prefers-color-scheme: dark)').matches);
