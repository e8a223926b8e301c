"""The local payment providers as a process of their own."""

from tools.local.beside import Beside


class ProvidersProcess(Beside):
    """`told` is `together.Providers.told`."""

    module = "tools.local.providers"
    usual_port = 4571
    ports = 3
