"""Lists and what happens to their rows without opening one."""
