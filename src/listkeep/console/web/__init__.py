"""How the console is reached and what it may ask: doors, ways, answers, files.

Rules of the room:

- A page asks for what it shows when it is asked for. What does not answer leaves its
  place empty, with the reason; the rest of the page stands.
- Nothing here opens, changes or fetches rows: the keeper gives the console the right
  to look, whoever it looks for.
"""
