// Long work goes on while somebody looks at its page: ask for the page again, and put in
// what changed. What stays keeps its place and the keyboard's focus. Without this script
// the page has a link that does the same.

const SAID_EVERY_MS = 10_000; // to a screen reader, which would else never fall silent
const main = document.getElementById("main");
const pace = Number(main.dataset.follow) * 1000;
let saidAt = Date.now();

// A document and no text: the policy of these pages lets no script make markup of text.
const ask = () =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.onload = () => resolve(request);
    request.onerror = reject;
    request.send();
  });

const reveal = (page) => {
  for (const each of page.querySelectorAll("[data-scripted]")) each.hidden = false;
};

const renew = (seen, isOver) => {
  const had = [...main.children];
  const has = [...seen.children];
  has.forEach((each, index) => {
    const old = had[index];
    if (!old) main.append(each);
    else if (old.isEqualNode(each)) return;
    else if (old.role !== "status" || each.role !== "status") old.replaceWith(each);
    else if (isOver || Date.now() - saidAt >= SAID_EVERY_MS) {
      old.replaceChildren(...each.childNodes);
      saidAt = Date.now();
    }
  });
  for (const old of had.slice(has.length)) old.remove();
};

const look = async () => {
  if (document.hidden) return wait();
  const { status, response } = await ask().catch(() => ({ status: 0 }));
  const seen = response?.getElementById("main");
  if (status >= 400 && status < 500) return location.reload();
  if (status !== 200 || !seen) return wait();
  const isOver = !seen.dataset.follow;
  const hadFocus = main.contains(document.activeElement);
  reveal(seen);
  renew(seen, isOver);
  document.title = response.title;
  if (hadFocus && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
  return isOver || wait();
};

const wait = () => setTimeout(look, pace);

reveal(main);
wait();
