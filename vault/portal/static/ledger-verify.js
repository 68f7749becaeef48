// Verifies what the ledger hands out: receipts, proofs of consistency, checkpoints. No network, no storage, nothing else.
// One classic script for a page (also saved and opened offline) and for node; docs/ledger-tools.md gives the formats.
// Throws an Error whose message is a code: shape, key, signature, size, path, root, entry, index, ed25519.
(() => {
  "use strict";
  const fail = (code) => { throw new Error(code); };
  const need = (holds, code) => holds || fail(code);
  const utf8 = (text) => new TextEncoder().encode(text);
  const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
  const join = (...parts) => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => { all.set(part, at); return at + part.length; }, 0);
    return all;
  };
  const encode = (bytes) => { let text = ""; for (const byte of bytes) text += String.fromCharCode(byte); return btoa(text); };
  const decode = (text) => {
    let raw;
    try { raw = atob(text); } catch { fail("shape"); }
    const bytes = Uint8Array.from(raw, (char) => char.charCodeAt(0));
    need(encode(bytes) === text, "shape"); // one canonical form
    return bytes;
  };
  // SHA-256 (FIPS 180-4), synchronous: WebCrypto costs twenty times as much for messages this short.
  const K = new Uint32Array(64), H = new Uint32Array(8), W = new Uint32Array(64);
  for (let n = 2, found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) H[found] = (Math.sqrt(n) % 1) * 2 ** 32;
    K[found++] = (Math.cbrt(n) % 1) * 2 ** 32;
  }
  function sha256(message) {
    const data = new Uint8Array((message.length + 72) & ~63), view = new DataView(data.buffer), h = new Uint32Array(H);
    data.set(message); data[message.length] = 128;
    view.setUint32(data.length - 8, message.length / 2 ** 29); view.setUint32(data.length - 4, message.length << 3);
    for (let at = 0; at < data.length; at += 64) {
      for (let t = 0; t < 64; t++) {
        if (t < 16) { W[t] = view.getUint32(at + 4 * t); continue; }
        const x = W[t - 15], y = W[t - 2];
        W[t] = W[t - 16] + W[t - 7] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
          (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
      }
      let [a, b, c, d, e, f, g, i] = h;
      for (let t = 0; t < 64; t++) {
        const one = (i + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + ((e & f) ^ (~e & g)) + K[t] + W[t]) | 0;
        const two = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        i = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
      }
      [a, b, c, d, e, f, g, i].forEach((value, at) => { h[at] += value; });
    }
    const out = new DataView(new ArrayBuffer(32));
    h.forEach((word, at) => out.setUint32(4 * at, word));
    return new Uint8Array(out.buffer);
  }
  // The tree: RFC 9162 sections 2.1.3.2 and 2.1.4.2.
  const leafHash = (entry) => sha256(join([0], entry));
  const nodeHash = (left, right) => sha256(join([1], left, right));
  const half = (value) => Math.floor(value / 2);
  function climb(path, position, end, step) {
    for (const sibling of path) {
      need(end > 0 && sibling.length === 32, "path");
      if (position % 2 || position === end) {
        step(sibling, true);
        while (position % 2 === 0 && position > 0) { position = half(position); end = half(end); }
      } else step(sibling, false);
      position = half(position); end = half(end);
    }
    need(end === 0, "path");
  }
  function checkInclusion(hash, index, size, path, root) {
    need(Number.isSafeInteger(index) && index >= 0 && index < size, "index");
    climb(path, index, size - 1, (sibling, left) => { hash = left ? nodeHash(sibling, hash) : nodeHash(hash, sibling); });
    need(same(hash, root), "root");
  }
  function checkConsistency(older, newer, path) {
    need(older.size <= newer.size, "size");
    if (older.size === 0 || older.size === newer.size) return need(!path.length && (older.size === 0 ? same(older.root, sha256([])) : same(older.root, newer.root)), "root");
    let position = older.size - 1, end = newer.size - 1;
    while (position % 2) { position = half(position); end = half(end); }
    const [start, ...rest] = Number.isInteger(Math.log2(older.size)) ? [older.root, ...path] : path;
    let left = need(start, "path") && start, right = start;
    climb(rest, position, end, (sibling, both) => {
      if (both) left = nodeHash(sibling, left);
      right = both ? nodeHash(sibling, right) : nodeHash(right, sibling);
    });
    need(same(left, older.root) && same(right, newer.root), "root");
  }
  // Signed notes (C2SP signed-note), Ed25519 (signature type 0x01). A note that was verified once need not be again.
  const known = new Map();
  async function lines(note, vkey) { // a file of several keys: the first one is Ed25519, the rest are other types
    const [, name, id, blob] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey.trim().split("\n")[0].trim()) ?? fail("key");
    const key = decode(blob), keyId = sha256(join(utf8(name + "\n"), key)).slice(0, 4);
    need(key.length === 33 && key[0] === 1 && same(keyId, Uint8Array.from(id.match(/../g), (byte) => parseInt(byte, 16))), "key");
    const cut = note.lastIndexOf("\n\n"), text = note.slice(0, cut + 1);
    need(cut > 0 && note.endsWith("\n"), "shape");
    if (known.get(note) === vkey) return [name, ...text.split("\n")];
    const ours = note.slice(cut + 2, -1).split("\n").map((line) => /^\u2014 (\S+) (\S+)$/.exec(line) ?? fail("shape"))
      .map(([, by, signature]) => [by, decode(signature)]).filter(([by, signature]) => by === name && same(signature.slice(0, 4), keyId));
    need(ours.length, "signature");
    let imported;
    try { imported = await crypto.subtle.importKey("raw", key.slice(1), "Ed25519", false, ["verify"]); } catch { fail("ed25519"); }
    for (const [, signature] of ours) need(await crypto.subtle.verify("Ed25519", imported, signature.slice(4), utf8(text)), "signature");
    known.set(note, vkey);
    return [name, ...text.split("\n")];
  }
  const plain = (text) => { need(/^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)), "shape"); return Number(text); };
  async function checkpoint(note, vkey) {
    const [name, origin, size, root, end, ...more] = await lines(note, vkey);
    need(origin === name && end === "" && !more.length, "shape"); // no extension lines
    return { origin, size: plain(size), root: decode(root) };
  }
  function members(entry, index) {
    let said;
    try { said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(entry)); } catch { fail("entry"); }
    need(said && said.index === index, "index");
    return said;
  }
  async function receipt(text, vkey) { // the JSON form, or C2SP tlog-proof
    let said = text;
    if (text.startsWith("c2sp.org/tlog-proof@v1\n")) {
      const [, extra, index, path, note] = /^.*\nextra (.+)\nindex (\d+)\n((?:[^\n]+\n)*)\n([^]*)$/.exec(text) ?? fail("shape");
      said = { entry: extra, index: plain(index), inclusion_path: path.split("\n").filter(Boolean), checkpoint: note };
    } else said = parse(text);
    const signed = await checkpoint(said.checkpoint, vkey), entry = decode(said.entry);
    need(said.tree_size === undefined || said.tree_size === signed.size, "size");
    checkInclusion(leafHash(entry), said.index, signed.size, said.inclusion_path.map(decode), signed.root);
    return { kind: "receipt", log: signed.origin, index: said.index, size: signed.size, entry: members(entry, said.index) };
  }
  const parse = (text) => { try { return JSON.parse(text); } catch { return fail("shape"); } };
  async function consistency(proof, vkey) {
    const older = await checkpoint(proof.old_checkpoint, vkey), newer = await checkpoint(proof.new_checkpoint, vkey);
    need(older.size === proof.old_size && newer.size === proof.new_size, "size");
    checkConsistency(older, newer, proof.path.map(decode));
    return { kind: "consistency", log: newer.origin, old_size: older.size, size: newer.size };
  }
  async function verify(text, vkey) { // whichever of the documents it is
    if (text.startsWith("c2sp.org/tlog-proof@v1\n")) return receipt(text, vkey);
    if (!text.trimStart().startsWith("{")) return { kind: "checkpoint", ...(await checkpoint(text, vkey)) };
    const said = parse(text);
    return said && "old_checkpoint" in said ? consistency(said, vkey) : receipt(text, vkey);
  }
  need(encode(sha256([])) === "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "shape"); // a machine that counts otherwise
  const parts = { need, same, join, utf8, encode, decode, sha256, leafHash, checkInclusion, lines, plain, members, parse };
  globalThis.ledgerVerify = { verify, receipt, consistency, checkpoint, parts };
})();
