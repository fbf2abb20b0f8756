"""The delivery proxy: a message in token space comes in, a letter to somebody goes out.

A message's way, in the order of the modules: `receiving` takes it over SMTP from a mail
server that proved who it is (`desk`), `incoming` holds it against the template that was
signed for, `register` notes that it is on its way and finds its sealed row, `opening`
has the keeper open it and sign the letter that `composing` builds, `carrying` hands it
to the next mail server by the enrolled route, `replies` says what came of it, and
`closing` tells the keeper, so that what was delivered opens no more. `delivering` puts
them together; whoever has a send's values (the mail merge) enters there.

An address is in memory from the keeper's answer to the mail server's reply, and is
written nowhere. Whatever waits for the keeper or the disk gathers (`gathering`), so
that many messages cost one call.
"""
