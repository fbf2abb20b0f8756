"""People who sign up: asked to confirm by mail, and on a list only when they did.

Rules of the room:

- Whoever asks learns nothing: each sign-up is sealed, counted and written down in the
  same way, whether somebody is on the list, was, or asked a moment ago.
- Who has not confirmed is nowhere but in this room's table, sealed: in no count, token
  stream, segment, send or export of the list.
- A sign-up carries sealed fields and no facet: what a stranger typed would be readable,
  and could be made so odd that it points at somebody.
- Only the person comes back to a list they left. That they confirmed is told to the
  keeper sign-up by sign-up; who complained or was erased stays away.
"""
