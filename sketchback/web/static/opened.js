// Says that the page could not be opened, where the modules that would say so themselves did not arrive. No module.

addEventListener("error", ({ target }) => {
  if (target?.type !== "module") return;
  document.getElementById("status").textContent = location.protocol === "file:"
    ? "A page needs a host: run  python -m http.server  in this folder, and open localhost:8000"
    : "The page could not be loaded whole. Reload it.";
}, true);
