// Sets the colours that were chosen before anything is painted; a plain script, for that reason.
try {
  const theme = localStorage.getItem("mien.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch { /* storage is switched off: the operating system decides */ }
