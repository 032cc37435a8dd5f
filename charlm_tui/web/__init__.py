"""The studio in a browser, for several people: a web server, and a process for each visitor."""
