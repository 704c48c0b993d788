// Runs before the first paint, so that a page never flashes in the other theme.
(function () {
  var choice = "system";
  try {
    choice = localStorage.getItem("bartizan.theme") || "system";
  } catch {
    // Storage may be forbidden; the system's theme is then the answer.
  }
  var dark = choice === "dark" || (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
