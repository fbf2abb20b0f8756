"""The keeper's own pages, where people read what they sign.

Rules of the room:

- It is its own origin, and the only one whose signatures count. Nothing on it comes
  from anywhere else; what is shipped is pinned by hash and served from memory.
- No wire message is answered here, and no page is on the keeper's socket.
- What is shown comes from the terms and the registry, never from an address bar.
- A page with a decision on it is reached from the inbox: whoever arrives from
  elsewhere, by whatever link, arrives there.
"""
