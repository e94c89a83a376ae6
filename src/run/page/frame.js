// What every page has: its data, its colours, and how numbers are said.

const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);

/** Light, dark, or as the system has it. */
function theme() {
  const button = at("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const names = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" };
  let choice = "auto";
  try {
    choice = localStorage.getItem("mlevolve-theme") ?? "auto";
  } catch { /* Pages from files may have no storage. */ }
  const apply = () => {
    const isDark = choice === "dark" || (choice === "auto" && system.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    button.textContent = names[choice] ?? names.auto;
    button.setAttribute("aria-label", `Colours: ${choice}`);
  };
  button.addEventListener("click", () => {
    const order = ["auto", "light", "dark"];
    choice = order[(order.indexOf(choice) + 1) % order.length];
    try {
      localStorage.setItem("mlevolve-theme", choice);
    } catch { /* It holds for this visit. */ }
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}

/** A number of seconds as people say it. */
function duration(seconds) {
  if (seconds < 60) return `${figure(seconds, 2)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** The article before a schema. */
const article = (schema) => (/^[aeiou]/.test(schema) ? "an" : "a");

const plural = (count, word) => `${whole.format(count)} ${word}${count === 1 ? "" : "s"}`;

theme();
