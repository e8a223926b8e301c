"""One module for each way in which suppliers speak. `docs/suppliers.md` tells how to write another."""
