"""The history: every reply and every prompt, kept from one session to the next in one SQLite file.

`records` is what goes in and comes out. `schema` opens the file, `store` reads and writes it,
`writer` does so on a thread of its own, and `recorder` tells the writer what to keep.
`lookup` is the thread on which a screen finds and changes what is there.
All of it can fail, and the app works on without it.
"""
