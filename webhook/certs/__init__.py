"""The webhook's own certificates: a CA and a leaf that it makes, keeps in one Secret of its namespace, and renews.

What to do is decided by pure functions of what is there and what the time is: `rotation` (which certificate comes next),
`election` (which replica writes). `keeper` does one round of one replica over a `port`; `cluster` is the door to the API
server, and `rounds` runs it beside the server, which sees nothing but files.

Nothing rests on the election: each write is refused by the API server when the object has changed since it was read. A replica
that was stopped for an hour in the middle of a round does no harm when it goes on.
"""
