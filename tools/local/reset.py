"""`make reset`: forget everything that the local shop holds. Needs no environment, only Python."""

import shutil
import sys

from tools.local.layout import LOCAL, Home
from tools.local.single import AlreadyRunning, alone


def main() -> None:
    home = Home(LOCAL)
    try:
        with alone(home):
            for folder in (home.state, home.objects, home.scratch):
                shutil.rmtree(folder, ignore_errors=True)
            for file in (home.stack_file, home.last_stack_file, home.deployed, home.demo_loaded):
                file.unlink(missing_ok=True)
            for log in (home.cloud_log, home.function_log):
                log.unlink(missing_ok=True)
    except AlreadyRunning as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
