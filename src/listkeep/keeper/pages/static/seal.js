// The keeper's pages. What is signed is computed here, from what is shown here.

const text = new TextEncoder();
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const page = document.body.dataset.page;

// --- bytes -------------------------------------------------------------------

const toBase64url = (bytes) =>
  btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const fromBase64url = (given) =>
  Uint8Array.from(atob(given.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
    letter.charCodeAt(0),
  );

const toHex = (bytes) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

const toBase32 = (bytes) => {
  const bits = Array.from(new Uint8Array(bytes), (byte) =>
    byte.toString(2).padStart(8, "0"),
  ).join("");
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  return bits.match(/.{5}/g).map((five) => letters[parseInt(five, 2)]).join("");
};

const sha256 = (bytes) => crypto.subtle.digest("SHA-256", bytes);

// RFC 8785 for a flat object of strings: sorted keys, no white space.
const canonical = (fields) => JSON.stringify(fields, Object.keys(fields).sort());

// DSSE v1 pre-authentication encoding; lengths count bytes.
const challengeOf = async (kind, statement) => {
  const [type, body] = [text.encode(kind), text.encode(statement)];
  const head = text.encode(`DSSEv1 ${type.length} ${kind} ${body.length} `);
  return sha256(new Uint8Array([...head, ...body]));
};

// --- talking -----------------------------------------------------------------

class Problem extends Error {
  constructor(message, hint = "") {
    super(message);
    this.hint = hint;
  }
}

const say = (words) => {
  $("#said").textContent = words;
};

const complain = (error) => {
  const known = error instanceof Problem;
  const [title, hint] = $$("#problem p");
  title.textContent = known ? error.message : "this did not work";
  hint.textContent = known ? error.hint : explain(error);
  $("#problem").hidden = false;
  $("#problem").focus();
  say("");
};

const explain = (error) =>
  error.name === "NotAllowedError"
    ? "the passkey was not used: cancelled, too late, or not enrolled here"
    : "try again; if it stays so, tell the people who run the keeper";

const post = async (place, body) => {
  const answer = await fetch(place, {
    method: "POST",
    redirect: "error",
    headers: {
      "content-type": "application/json",
      "x-listkeep-form": document.body.dataset.form ?? "",
    },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Problem(told.error, told.hint);
  return told;
};

const goOn = (told) => {
  if (told.go === location.pathname) location.reload();
  else location.assign(told.go);
};

// Run one act at a time, with its button busy meanwhile.
const during = async (button, act) => {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  $("#problem").hidden = true;
  try {
    await act();
  } catch (error) {
    complain(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
};

// --- passkeys ----------------------------------------------------------------

const signWith = async ({ rpId, kind, statement, credential }) => {
  say("waiting for your passkey …");
  const found = await navigator.credentials.get({
    publicKey: {
      challenge: await challengeOf(kind, statement),
      rpId,
      allowCredentials: credential
        ? [{ type: "public-key", id: fromBase64url(credential) }]
        : [],
      userVerification: "required",
      timeout: 120_000,
    },
  });
  say("signed; telling the keeper …");
  return {
    credential: toBase64url(found.rawId),
    statement,
    authenticator_data: toBase64url(found.response.authenticatorData),
    client_data: toBase64url(found.response.clientDataJSON),
    signature: toBase64url(found.response.signature),
  };
};

const SIGN_IN = "application/vnd.listkeep.sign-in.v1+json";
const STATEMENT = "application/vnd.listkeep.statement.v1+json";

const signIn = async (place, { rpId, statement, challenge }) => {
  const fields = Object.keys(JSON.parse(statement)).sort().join();
  const computed = toHex(await challengeOf(SIGN_IN, statement));
  if (fields !== "binding,keeper,nonce,service" || computed !== challenge)
    throw new Problem("this page would sign something else than a sign-in");
  goOn(await post(place, await signWith({ rpId, kind: SIGN_IN, statement })));
};

// --- one request ---------------------------------------------------------------

// What a person has to see before signing, wherever it is not empty.
const SHOWN = ["action", "tenant", "list", "selection", "cap", "purpose", "recipient"];
const UNSEEN = ["proof"];

const readBack = {
  text: (value) => value,
  count: (value) => Number(value).toLocaleString("en-US"),
  time: (value) => `${value.slice(0, 16).replace("T", " ")} UTC`,
};

const requireShown = (terms) => {
  const subject = terms.subject ? JSON.parse(terms.subject) : {};
  const said = new Map(
    [...SHOWN, "not_before", "expires"].map((name) => [name, terms[name]]),
  );
  for (const [name, value] of Object.entries(subject))
    if (!UNSEEN.includes(name)) said.set(`subject.${name}`, value);
  for (const place of $$("[data-term]")) {
    const { term, kind } = place.dataset;
    if (!said.has(term) || readBack[kind ?? "text"](said.get(term)) !== place.textContent)
      throw new Problem(
        "this page shows something else than what would be signed",
        "do not sign; tell the people who run the keeper",
      );
  }
  const seen = new Set($$("[data-term]").map((place) => place.dataset.term));
  for (const [name, value] of said)
    if (value && value !== "0" && !seen.has(name))
      throw new Problem("this page hides a part of what would be signed", "do not sign");
};

const decide = async (sheet, choice, rows) => {
  const shown = text.encode($("#terms").textContent);
  const digest = await sha256(shown);
  const terms = JSON.parse($("#terms").textContent);
  const { keeper, person, request, rp } = sheet.dataset;
  if (terms.keeper !== keeper || `r_${toBase32(digest.slice(0, 10)).slice(0, 12)}` !== request)
    throw new Problem("these are not the terms of this request", "do not sign");
  requireShown(terms);
  if (choice.dataset.counts && rows.replace(/[ ,.]/g, "") !== terms.cap)
    throw new Problem(
      "this is not the number of rows in the terms; nothing was signed",
      "read the terms again",
    );
  const credential = $("#credential").value;
  const decision = choice.dataset.decision;
  const statement = canonical({
    keeper,
    person,
    credential,
    decision,
    request: toHex(digest),
  });
  const computed = toHex(await challengeOf(STATEMENT, statement));
  if (computed !== JSON.parse(choice.dataset.challenges)[credential])
    throw new Problem("keeper and page do not agree on what is signed", "do not sign");
  const signed = await signWith({ rpId: rp, kind: STATEMENT, statement, credential });
  const typed = choice.dataset.counts ? terms.cap : "";
  goOn(await post(`/requests/${request}/sign`, { ...signed, rows: typed }));
};

const openRequest = () => {
  const sheet = $("#request");
  for (const choice of $$("[data-decision]")) {
    const dialog = $(`#confirm-${choice.dataset.decision}`);
    const act = (rows) => during(choice, () => decide(sheet, choice, rows));
    choice.addEventListener("click", () => (dialog ? dialog.showModal() : act("")));
    dialog?.addEventListener("close", () => {
      const rows = $("input", dialog);
      if (dialog.returnValue === "yes") act(rows?.value ?? "");
      dialog.returnValue = "";
      if (rows) rows.value = "";
    });
  }
};

// --- rows of a reveal ------------------------------------------------------------

const keepRows = (name) => {
  const rows = new URLSearchParams(location.hash.slice(1)).get("rows");
  if (rows) sessionStorage.setItem(`rows ${name}`, rows);
};

const openReveal = () => {
  const sheet = $("#reveal");
  const { name, seconds } = sheet.dataset;
  keepRows(name);
  history.replaceState(null, "", location.pathname);
  const sealed = sessionStorage.getItem(`rows ${name}`);
  $("#ready").hidden = !sealed;
  $("#nothing").hidden = Boolean(sealed);
  $("#open").addEventListener("click", ({ currentTarget }) =>
    during(currentTarget, async () => {
      showRows(await post(location.pathname, { rows: sealed }), Number(seconds));
      sessionStorage.removeItem(`rows ${name}`);
      $("#ready").hidden = true;
    }),
  );
};

const showRows = ({ names, rows }, seconds) => {
  const table = $("#rows table");
  const line = (kind, values) => {
    const row = document.createElement("tr");
    for (const value of values) {
      const cell = document.createElement(kind);
      cell.textContent = value;
      row.append(cell);
    }
    return row;
  };
  $("thead", table).replaceChildren(line("th", names));
  $("tbody", table).replaceChildren(...rows.map((values) => line("td", values)));
  $("#rows").hidden = false;
  say(`${rows.length} rows are shown for ${seconds} seconds`);
  const ends = Date.now() + seconds * 1000;
  const forget = () => {
    clearInterval(clock);
    $("thead", table).replaceChildren();
    $("tbody", table).replaceChildren();
    $("#rows").hidden = true;
    $("#gone").hidden = false;
    say("the rows are gone");
  };
  const tick = () => {
    const left = Math.ceil((ends - Date.now()) / 1000);
    $("#left").textContent = left;
    if (left <= 0) forget();
  };
  const clock = setInterval(tick, 500);
  tick();
  addEventListener("pagehide", forget);
  $("#forget").addEventListener("click", forget);
};

// --- forms -----------------------------------------------------------------------

const collect = (form) => {
  const body = {};
  for (const [name, value] of new FormData(form)) {
    if (!name.startsWith("subject.")) body[name] = value;
    else (body.subject ??= {})[name.slice(8)] = value;
  }
  return body;
};

// A service's key is made here; the keeper is told what verifies it.
const makeKey = async (form) => {
  const id = `s_${toBase32(crypto.getRandomValues(new Uint8Array(10))).slice(0, 12)}`;
  const secret = toBase64url(crypto.getRandomValues(new Uint8Array(32)));
  const key = `lkk_${id}_${secret}`;
  $("[name='subject.id']", form).value = id;
  $("[name='subject.verifier']", form).value = toHex(await sha256(text.encode(key)));
  $("#key").textContent = key;
  $("#copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(key);
    say("the key is in your clipboard");
  });
};

for (const form of $$("form[data-post]"))
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = event.submitter ?? $("button", form);
    during(button, async () => goOn(await post(form.dataset.post, collect(form))));
  });

// --- keyboard ----------------------------------------------------------------------

const step = (by) => {
  const lines = $$(".lines a");
  const here = lines.indexOf(document.activeElement);
  const next = lines[Math.min(Math.max(here + by, 0), lines.length - 1)];
  next?.focus();
};

addEventListener("keydown", (event) => {
  // A dialog that has just closed may still hold the focus.
  const typing = event.target.closest("input, textarea, select") || $("dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "?") $("#help")?.showModal();
  else {
    const target = $$("[data-key]").find((each) => each.dataset.key === event.key);
    if (!target || target.closest("[hidden]")) return;
    event.preventDefault();
    target.click();
  }
});

// --- which page is this ------------------------------------------------------------

const pages = {
  arriving: () => location.replace(location.pathname),
  "rows-arriving": () => {
    keepRows(document.body.dataset.name);
    location.replace(location.pathname);
  },
  "sign-in": () =>
    $("#sign-in").addEventListener("click", ({ currentTarget }) =>
      during(currentTarget, () => signIn(location.pathname + location.search, currentTarget.dataset)),
    ),
  request: openRequest,
  reveal: openReveal,
  form: () => {
    const form = $("form[data-makes-key]");
    if (form) makeKey(form);
  },
};
pages[page]?.();
