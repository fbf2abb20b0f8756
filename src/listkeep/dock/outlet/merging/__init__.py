"""The mail merge: campaigns for those without an application that sends.

A run walks the segment in the order of its tokens and hands each message to the same
path that mail servers use. Where it is stands in one row; what came of each message
stands in the register of that path. So a run can be cut off anywhere: a page that was
under way is handed over again, and whoever had the message already is not sent another.
"""
