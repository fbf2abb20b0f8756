// The passkeys of the people of a demo, in a browser that has none of its own.
//
// Served by an instance of profile demo that `listkeep demo --keep` made, and by no
// other. What it signs is a real assertion; only a keeper whose genesis says demo
// accepts the key it is made with.

const SHELF = "listkeep-demo";
const text = new TextEncoder();
const page = document.body.dataset.page;

const people = () => JSON.parse(localStorage.getItem(SHELF) ?? "[]");
const make = (kind, words = "", name = "") =>
  Object.assign(document.createElement(kind), { textContent: words, className: name });
const bytesOf = (given) =>
  Uint8Array.from(atob(given.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
    letter.charCodeAt(0),
  );
const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

// --- the authenticator ---------------------------------------------------------------

const PRESENT_AND_VERIFIED = 0x05;
const CURVE = { name: "ECDSA", namedCurve: "P-256" };

// WebCrypto gives r and s side by side; passkeys give them in DER (RFC 3279, 2.2.3).
const toDer = (signature) => {
  const half = signature.length / 2;
  const numbers = [signature.slice(0, half), signature.slice(half)].map((number) => {
    const start = number.findIndex((byte, place) => byte || place === half - 1);
    const short = [...number.slice(start)];
    const body = short[0] & 0x80 ? [0, ...short] : short;
    return [0x02, body.length, ...body];
  });
  const both = numbers.flat();
  return new Uint8Array([0x30, both.length, ...both]);
};

const sign = async (person, { challenge, rpId }) => {
  const key = await crypto.subtle.importKey("pkcs8", bytesOf(person.key), CURVE, false, ["sign"]);
  const clientDataJSON = text.encode(
    JSON.stringify({
      type: "webauthn.get",
      challenge: base64url(challenge),
      origin: location.origin,
      crossOrigin: false,
    }),
  );
  // Its counter stays 0, as that of a synced passkey: several browsers may have it.
  const authenticatorData = new Uint8Array([
    ...(await sha256(text.encode(rpId))),
    ...[PRESENT_AND_VERIFIED, 0, 0, 0, 0],
  ]);
  const signed = new Uint8Array([...authenticatorData, ...(await sha256(clientDataJSON))]);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, signed);
  return {
    rawId: bytesOf(person.credential),
    response: {
      authenticatorData,
      clientDataJSON,
      signature: toDer(new Uint8Array(signature)),
    },
  };
};

// What the window of a browser would be: whose passkey, and may it sign?
const choose = (candidates) =>
  new Promise((answer) => {
    const dialog = make("dialog", "", "demo-keys");
    const form = make("form", "", "stack");
    form.method = "dialog";
    const is_one = candidates.length === 1;
    const title = make("h2", is_one ? "Use this passkey?" : "Whose passkey?");
    title.id = "demo-title";
    dialog.setAttribute("aria-labelledby", title.id);
    const about = make(
      "p",
      "This is a demo: the passkeys of its people lie in this browser. In earnest your " +
        "device would ask you now.",
      "muted",
    );
    const list = make("div", "", "stack");
    for (const person of candidates) {
      const button = make("button", "", "button person");
      button.value = person.credential;
      button.append(make("b", person.name), make("small", person.role));
      list.append(button);
    }
    const row = make("div", "", "row");
    const away = make("button", "Cancel", "button plain");
    const own = make("button", "A passkey of my own", "button plain");
    [away.value, own.value] = ["", "own"];
    row.append(own, away);
    form.append(title, about, list, row);
    dialog.append(form);
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(dialog.returnValue);
    });
    dialog.showModal();
  });

const ownKeys = navigator.credentials;
const askDevice = ownKeys.get.bind(ownKeys);
ownKeys.get = async (options) => {
  const wanted = options.publicKey.allowCredentials.map(({ id }) => base64url(id));
  const here = people().filter(
    ({ credential }) => !wanted.length || wanted.includes(credential),
  );
  if (!here.length) return askDevice(options);
  const chosen = await choose(here);
  if (chosen === "own") return askDevice(options);
  const person = here.find(({ credential }) => credential === chosen);
  if (!person) throw new DOMException("nobody touched it", "NotAllowedError");
  return sign(person, options.publicKey);
};

// --- a request: of somebody's passkeys, take the one that lies here --------------------

const preselect = () => {
  const select = document.querySelector("#credential");
  const known = new Set(people().map(({ credential }) => credential));
  const mine = [...(select?.options ?? [])].find(({ value }) => known.has(value));
  if (!mine) return;
  select.value = mine.value;
  select.closest("label").hidden = true;
};
preselect();

// --- the page of the link ---------------------------------------------------------------

const $ = (selector) => document.querySelector(selector);

const show = () => {
  const rows = people().map(({ name, role, about }) => {
    const row = make("tr");
    const head = make("th", name);
    head.scope = "row";
    row.append(head, make("td", role), make("td", about));
    return row;
  });
  $("#people tbody").replaceChildren(...rows);
  for (const [name, there] of [["opening", false], ["ready", rows.length], ["bad", !rows.length]])
    $(`#${name}`).hidden = !there;
};

// What stands behind the hash is the secret; no browser sends it by itself.
const open = async () => {
  const link = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  if (link) {
    const answer = await fetch(location.pathname, {
      method: "POST",
      redirect: "error",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ link }),
    });
    const told = answer.ok ? (await answer.json()).people : [];
    localStorage.setItem(SHELF, JSON.stringify(told));
  }
  show();
};

if (page === "demo") {
  addEventListener("hashchange", () => location.reload());
  $("#forget").addEventListener("click", () => {
    localStorage.removeItem(SHELF);
    show();
  });
  await open();
}
