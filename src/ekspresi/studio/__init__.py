"""Hold the studio: a page that recognizes expressions in the browser, and the files it consists of."""
