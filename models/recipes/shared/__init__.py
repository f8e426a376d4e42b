"""What more than one recipe needs to write a graph."""
