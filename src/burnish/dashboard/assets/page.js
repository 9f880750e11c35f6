// What pages do without asking the server: times in the reader's zone, dark or light, the drawer.
(() => {
  const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  const tell = (element) => {
    const moment = new Date(Number(element.dataset.at) * 1000);
    const text = (element.dataset.form === "clock" ? clock : day).format(moment);
    if (element.textContent !== text) { element.textContent = text; element.title = full.format(moment); }
  };
  const all = (root) => root.querySelectorAll && root.querySelectorAll("[data-at]").forEach(tell);
  new MutationObserver((changes) => changes.forEach((change) => {
    if (change.type === "attributes") tell(change.target);
    else change.addedNodes.forEach((node) => { if (node.dataset && node.dataset.at) tell(node); all(node); });
  })).observe(document, { childList: true, subtree: true, attributeFilter: ["data-at"] });
  const modes = ["auto", "light", "dark"];
  const mode = () => localStorage.getItem("burnish-mode") || "auto";
  const show = () => {
    const chosen = mode();
    if (window.Quasar) Quasar.Dark.set(chosen === "auto" ? "auto" : chosen === "dark");
    document.querySelectorAll("[data-mode]").forEach((each) => { each.textContent = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" }[chosen]; });
  };
  const nats = (logprob) => `${logprob.toFixed(3)} nats, ${(100 * Math.exp(logprob)).toPrecision(3)}%`;
  const spell = (id, logprobs, texts) => {
    const strip = document.getElementById(id);
    if (!strip || strip.childElementCount) return;
    strip.classList.toggle("bare", !texts);
    strip.append(...logprobs.map((logprob, place) => {
      const cell = document.createElement("span"), text = texts ? texts[place] : "";
      cell.textContent = text.replaceAll("\n", "↵\n");
      cell.title = texts ? `${JSON.stringify(text)}: ${nats(logprob)}` : nats(logprob);
      cell.style.setProperty("--heat", `${Math.round(100 - 100 * Math.exp(logprob))}%`);
      return cell;
    }));
  };
  window.burnish = {
    spell,
    draw: () => document.body.classList.toggle("drawn"),
    turn: () => { localStorage.setItem("burnish-mode", modes[(modes.indexOf(mode()) + 1) % 3]); show(); },
    copy: async (button) => { if (navigator.clipboard) { await navigator.clipboard.writeText(button.dataset.copy); button.textContent = "Copied"; } },
  };
  window.addEventListener("keydown", (event) => {
    const typing = /INPUT|TEXTAREA|SELECT/.test(event.target.tagName);
    if (event.key === "Escape") document.body.classList.remove("drawn");
    if (event.key === "/" && !typing) { const field = document.querySelector("[data-search]"); if (field) { event.preventDefault(); field.focus(); } }
  });
  const wait = setInterval(() => { if (window.Quasar && document.querySelector("[data-mode]")) { clearInterval(wait); show(); all(document); } }, 30);
})();
