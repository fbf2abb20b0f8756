"""The dock's pages: what people do with addresses in a browser, at origin ``drop.``.

Rules of the room:

- No page has a script, and none may run here: addresses are typed and uploaded in
  this origin. Everything works with links and forms.
- Who is calling says a cookie that no other origin and no script can read, and the
  keeper on every single request. The API next door takes no cookie at all.
- A form counts only if this origin sent it, which three things show: ``Origin``,
  ``Sec-Fetch-Site``, and a token made from the session.
- No address is part of a link, a redirect, an error or a log.
"""
