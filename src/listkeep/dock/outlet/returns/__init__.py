"""What comes back: bounces, complaints, answers, and people who want no more mail.

Rules of the room:

- Whatever arrives is a stranger's word. It ends as a list, a token, an outcome and a
  code; there is no table, log or answer here with room for more.
- Whom it is about says the alias it came to. One of a send nobody knows, or of a token
  that is not in the list, is counted and forgotten.
- What suppresses somebody is the keeper's to know first, then the list's; until both
  do, the row waits and is taken up again.
- Mail never causes mail: no answer, no bounce, no notice to whoever wrote.
- One person leaving is that person's word. Hundreds leaving by mail at once are
  somebody else's until people have looked: they are held.
"""
