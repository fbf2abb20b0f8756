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

// Six proquints of the first 12 bytes of SHA-256, as two people read them aloud.
const sixWords = async (line) => {
  const [consonants, vowels] = ["bdfghjklmnprstvz", "aiou"];
  const bytes = new DataView(await sha256(text.encode(line)));
  return [0, 2, 4, 6, 8, 10]
    .map((place) => bytes.getUint16(place))
    .map(
      (bits) =>
        consonants[bits >> 12] +
        vowels[(bits >> 10) & 3] +
        consonants[(bits >> 6) & 15] +
        vowels[(bits >> 4) & 3] +
        consonants[bits & 15],
    )
    .join(" ");
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
  words: sixWords,
};

const requireShown = async (terms) => {
  const subject = terms.subject ? JSON.parse(terms.subject) : {};
  const said = new Map(
    [...SHOWN, "not_before", "expires"].map((name) => [name, terms[name]]),
  );
  for (const [name, value] of Object.entries(subject))
    if (!UNSEEN.includes(name)) said.set(`subject.${name}`, value);
  for (const place of $$("[data-term]")) {
    const { term, kind } = place.dataset;
    const shown = said.has(term) && (await readBack[kind ?? "text"](said.get(term)));
    if (shown !== place.textContent)
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
  await requireShown(terms);
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

// --- a link: making passkeys ----------------------------------------------------

const ENROL = "application/vnd.listkeep.enrol.v1+json";
const GENESIS = "application/vnd.listkeep.genesis.v1+json";
const STEPS = ["opening", "bad", "make", "done", "found", "founded"];

const turnTo = (step) => {
  for (const name of STEPS) $(`#${name}`).hidden = name !== step;
  const title = $(`#${step} h1`);
  title.tabIndex = -1;
  title.focus(); // where a reader goes on
};

const item = (words, small = "", kind = "li") => {
  const line = document.createElement(kind);
  line.textContent = words;
  if (small) {
    const note = document.createElement("small");
    note.textContent = small;
    line.append(note);
  }
  return line;
};

// What stands behind the hash is the secret: kept for this tab, and out of sight.
const readLink = () => {
  const given = location.hash.slice(1);
  if (given) sessionStorage.setItem("link", given);
  history.replaceState(null, "", location.pathname);
  addEventListener("hashchange", () => location.reload());
  return sessionStorage.getItem("link") ?? "";
};

const openLink = async () => {
  const link = readLink();
  let told = {};
  $("#create").addEventListener("click", ({ currentTarget }) =>
    during(currentTarget, async () => {
      told = { ...told, ...(await createPasskey(link, told)) };
      showKeys(told);
      say("this passkey works");
    }),
  );
  $("#finish").addEventListener("click", ({ currentTarget }) =>
    during(currentTarget, async () => {
      const { words, next } = await post("/enrol/finish", { link });
      if (told.founders) return await openFounding(link);
      sessionStorage.removeItem("link");
      $("#words").replaceChildren(...words.split(" ").map((word) => item(word)));
      $("#next").textContent = next;
      turnTo("done");
      say("these are your six words");
    }),
  );
  $("#vouch").addEventListener("click", ({ currentTarget }) =>
    during(currentTarget, () => vouch(link)),
  );
  $("#heard").addEventListener("change", ({ currentTarget }) => {
    $("#vouch").disabled = !currentTarget.checked;
  });
  try {
    if (!link) throw new Problem("there is no link in the address");
    told = await post("/enrol", { link });
  } catch (error) {
    if (!(error instanceof Problem)) complain(error);
    return turnTo("bad");
  }
  if (!told.challenge) return openFounding(link).catch(complain);
  for (const name of ["says", "name", "role", "where"])
    $(`#${name}`).textContent = told[name];
  showKeys(told);
  turnTo("make");
};

const showKeys = ({ keys, least, most, only_hardware, is_demo }) => {
  const made = keys.map(({ id, kind }) => item(`${id.slice(0, 12)}…`, `${kind}, works`));
  const open = Math.max(least - keys.length, 0);
  const missing = Array.from({ length: open }, () => item("one more", "still to be made"));
  missing.forEach((line) => line.classList.add("open"));
  $("#keys").replaceChildren(...made, ...missing);
  const kind = only_hardware
    ? "Your role needs hardware keys: ones that stay in one device, such as a security key."
    : "A security key, or the passkey of your phone or computer.";
  const number =
    least > 1
      ? ` At least ${least}, so that one that is lost is no harm; keep one elsewhere.`
      : ` Up to ${most}. A second one, kept elsewhere, spares you a recovery.`;
  const demo = is_demo ? " This instance is a demo, and takes any kind." : "";
  $("#needed").textContent = kind + number + demo;
  $("#create").hidden = keys.length >= most;
  $("#create").textContent = keys.length ? "Make another one" : "Make a passkey";
  $("#finish").hidden = keys.length < least;
};

const createPasskey = async (link, told) => {
  say("waiting for your device …");
  const created = await navigator.credentials.create({
    publicKey: {
      rp: { id: told.rp_id, name: "Listkeep" },
      // The link's id: a new passkey never overwrites one that is there already.
      user: {
        id: text.encode(told.id),
        name: told.name,
        displayName: `${told.name}, ${told.role}`,
      },
      challenge: fromBase64url(told.challenge),
      pubKeyCredParams: [-7, -8].map((alg) => ({ type: "public-key", alg })),
      attestation: told.only_hardware ? "direct" : "none",
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      excludeCredentials: told.keys.map(({ id }) => ({
        type: "public-key",
        id: fromBase64url(id),
      })),
      timeout: 120_000,
    },
  });
  const made = {
    link,
    client_data: toBase64url(created.response.clientDataJSON),
    attestation_object: toBase64url(created.response.attestationObject),
  };
  const credential = toBase64url(created.rawId);
  const { statement } = await post("/enrol/statement", made);
  requireOwn(statement, told, created);
  const proof = await signWith({ rpId: told.rp_id, kind: ENROL, statement, credential });
  return post("/enrol/key", { ...made, proof });
};

// The keeper writes what the new passkey signs; the page signs nothing else.
const requireOwn = (statement, told, created) => {
  const said = JSON.parse(statement);
  const point = toHex(created.response.getPublicKey()).slice(-128);
  const known = toHex(fromBase64url(said.public_key));
  const isKey =
    created.response.getPublicKeyAlgorithm() === -7
      ? known.includes(point.slice(0, 64)) && known.includes(point.slice(64))
      : known.includes(point.slice(64));
  const isMine =
    Object.keys(said).sort().join() === "credential,keeper,person,public_key" &&
    said.credential === toBase64url(created.rawId) &&
    said.keeper === told.keeper &&
    said.person === told.person;
  if (!isKey || !isMine)
    throw new Problem("this page would sign something else than your passkey");
};

// --- two links: founding an instance ----------------------------------------------

const LOOK_EVERY = 1000;

const openFounding = async (link) => {
  turnTo("found");
  const look = async () => {
    try {
      await showFounding(await post("/enrol", { link }));
    } catch (error) {
      if (!(error instanceof Problem)) say("the keeper does not answer; trying again …");
      else if (await isFounded()) return;
      else throw error;
    }
    setTimeout(() => look().catch(complain), LOOK_EVERY);
  };
  await look();
};

let beginning = {};

const showFounding = async (told) => {
  const { founders, facts } = told;
  const me = founders.find(({ is_me }) => is_me);
  const other = founders.find(({ is_me }) => !is_me);
  if (facts && facts !== beginning.facts) await readFacts(told);
  if (beginning.shown !== JSON.stringify(founders)) {
    beginning.shown = JSON.stringify(founders);
    $("#founders").replaceChildren(...founders.map(showFounder));
  }
  const waits = !other.words
    ? `${other.name} has no passkey yet. This page goes on by itself.`
    : me.has_signed
      ? `You have signed. ${other.name} has to sign as well; this page goes on by itself.`
      : "";
  $("#waiting").textContent = waits;
  $("#waiting").hidden = !waits;
  $("#vouching").hidden = Boolean(waits);
};

const showFounder = ({ name, is_me, words, has_signed }) => {
  const box = document.createElement("section");
  box.className = "stack";
  const state = has_signed ? "has signed" : words ? "" : "has no passkey yet";
  const title = item(is_me ? `${name}: yours, read them aloud ` : `${name}: hear them `, state, "h2");
  const list = document.createElement("ol");
  list.className = "card words";
  list.setAttribute("aria-label", `The six words of ${name}`);
  list.replaceChildren(...words.split(" ").filter(Boolean).map((word) => item(word)));
  box.append(title, ...(words ? [list] : []));
  return box;
};

// What is shown comes of the bytes that are signed, or nothing is signed.
const readFacts = async (told) => {
  const { facts, founders, genesis } = told;
  const said = JSON.parse(facts);
  const people = [said.custodian_1, said.custodian_2].map((each) => JSON.parse(each));
  const words = await Promise.all(people.map(({ keys }) => sixWords(keys)));
  const agree =
    toHex(await sha256(text.encode(facts))) === genesis &&
    facts === canonical(said) &&
    founders.every(
      (each, place) => each.words === words[place] && each.name === people[place].name,
    );
  if (!agree) throw new Problem("this page shows something else than what would be signed");
  beginning = { ...told, facts, shown: "" };
  const mine = people.find(({ id }) => id === told.person);
  const ids = mine.keys.split(" ").map((key) => key.split(":")[1]);
  $("#credential").replaceChildren(
    ...ids.map((id) => Object.assign(item(`${id.slice(0, 12)}…`, "", "option"), { value: id })),
  );
  $("#which").hidden = ids.length < 2;
  $("#facts").textContent = facts;
  $("#genesis").textContent = genesis;
  $("#exact").hidden = false;
};

const vouch = async (link) => {
  const { keeper, person, genesis, rp_id: rpId } = beginning;
  const credential = $("#credential").value;
  const statement = canonical({ keeper, person, credential, genesis });
  const signature = await signWith({ rpId, kind: GENESIS, statement, credential });
  const told = await post("/enrol/vouch", { link, signature });
  if (told.founded) await isFounded();
  else await showFounding(await post("/enrol", { link }));
};

const isFounded = async () => {
  if (!beginning.genesis) return false;
  const { founded } = await post("/enrol/founded", { genesis: beginning.genesis });
  if (!founded) return false;
  sessionStorage.removeItem("link");
  $("#begun").textContent = beginning.genesis;
  turnTo("founded");
  say("the instance is founded");
  return true;
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
    const [at, key] = name.startsWith("subject.")
      ? [(body.subject ??= {}), name.slice(8)]
      : [body, name];
    at[key] = key in at ? `${at[key]} ${value}` : value; // several boxes of one name
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

// A link is shown to whoever made it, once.
const openInvitations = () => {
  for (const form of $$("form[data-invite]"))
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      during(event.submitter ?? $("button", form), async () => {
        const { link, until } = await post("/invitations", collect(form));
        $("#link").textContent = link;
        $("#until").textContent = until;
        $("#here").href = link;
        $("#made").hidden = false;
        $("#made").focus();
        form.reset();
      });
    });
  $("#copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText($("#link").textContent);
    say("the link is in your clipboard");
  });
};

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
  enrol: openLink,
  invitations: openInvitations,
  reveal: openReveal,
  form: () => {
    const form = $("form[data-makes-key]");
    if (form) makeKey(form);
  },
};
pages[page]?.();
