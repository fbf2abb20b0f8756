"""The desk: pages for everybody's daily work.

Rules of the room:

- One module for each kind of page. A view asks each building once, and shows.
- Nobody signs here. What needs a signature is prepared, and waits in the keeper's
  inbox of the person who asked for it.
- What is shown in the keeper's words is not paraphrased; numbers link to what they
  count.
"""
