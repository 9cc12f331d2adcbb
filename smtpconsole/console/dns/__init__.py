"""Where mail goes, for a person: domains, routes, and the matrix of their servers."""
