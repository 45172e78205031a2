"""The project's own laboratory: real clients and servers in network namespaces, truth known."""
