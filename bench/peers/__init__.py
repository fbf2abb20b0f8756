"""Others' ways to keep addresses, each in a process of its own and in its own words.

A way is a program here that is told what to do: ``PROGRAM WAY ACTION FOLDER COUNT``.
``import`` reads ``rows.csv`` in the folder into a new database there, ``open`` reads
all of it back in the clear, ``lookup`` finds addresses of the file one by one. It
prints how many it did a second, so that neither its start nor its imports are counted.

The environments are made by ``make bench``; both libraries of encrypted fields are
called ``encrypted_fields``, so each has one of its own.
"""
