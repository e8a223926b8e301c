"""The local suppliers as a process of their own."""

from tools.local.beside import Beside
from tools.local.suppliers.face import FACES


class SuppliersProcess(Beside):
    """`told` is `together.Suppliers.told`."""

    module = "tools.local.suppliers"
    usual_port = 4581
    ports = len(FACES)
