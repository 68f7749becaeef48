// The page that verifies offline: takes a file or pasted text, shows what ledger-verify.js and ledger-own.js say.
(() => {
  "use strict";
  const at = (id) => document.getElementById(id);
  const result = at("result");
  const words = (name, values = {}) =>
    (result.dataset[name] ?? name).replace(/\{(\w+)\}/g, (whole, key) => String(values[key] ?? whole));
  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  function show(good, text, details) {
    const note = element("div", "", good ? "note note-good" : "note note-bad");
    note.append(element("p", (good ? "✓ " : "✕ ") + text));
    result.replaceChildren(note);
    if (details) result.append(element("pre", details));
  }
  function details(found) {
    if (found.kind === "receipt") return JSON.stringify(found.entry, null, 2);
    if (found.kind !== "own") return "";
    return found.found
      .map(({ n, index, entry }) => [n, index, new Date(entry.at).toISOString(), entry.event, entry.requester ?? ""].join("  "))
      .join("\n");
  }
  async function check() {
    const file = at("f-file").files[0];
    const text = file ? await file.text() : at("f-text").value;
    if (!text.trim()) return show(false, words("nothing"));
    const told = (done, total) => result.replaceChildren(element("p", words("working", { done, total })));
    try {
      const found = await globalThis.ledgerVerify.verify(text, at("f-vkey").value.trim(), told);
      const time = found.at === undefined ? "" : new Date(found.at).toLocaleString(document.documentElement.lang);
      show(true, words(found.kind, { ...found, proven: found.found?.length, time }), details(found));
    } catch (error) {
      const code = `code${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}`;
      show(false, `${words("failed")} ${words(code in result.dataset ? code : "codeShape")}`);
    }
  }
  at("verify").addEventListener("click", check);
  at("f-text").addEventListener("input", () => { at("f-file").value = ""; });
})();
