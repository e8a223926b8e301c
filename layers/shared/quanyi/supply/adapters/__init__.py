"""Suppliers' protocols: each module translates one into `supply.port`. `docs/suppliers.md` tells how to write one."""
