"""Nothing but `settings.py` reads the environment.

`cli/connection.py` may name OPENAI_BASE_URL and OPENAI_API_KEY, which are the official client's own variables and
mean the same here.
"""

import ast

from tests.house.tree import Module, imports, modules

SETTINGS = "src/burnish/settings.py"
CONNECTION = "src/burnish/cli/connection.py"
CLIENT_VARIABLES = {"OPENAI_BASE_URL", "OPENAI_API_KEY"}
READERS = {"environ", "environb", "getenv", "getenvb"}
LIBRARIES = {"pydantic_settings", "dotenv"}


def test_only_the_settings_read_the_environment():
    assert [line for module in modules() for line in readings(module)] == []


def test_every_way_to_read_it_is_seen():
    for source in (
        "import os\nx = os.environ['HOME']",
        "import os\nx = os.getenv('HOME')",
        "from os import environ",
        "from pydantic_settings import BaseSettings",
        "x = typer.Option('--port', envvar='PORT')",
    ):
        assert len(readings(Module("src/burnish/work/plan.py", source))) == 1
        assert readings(Module(SETTINGS, source)) == []


def test_the_client_has_its_own_two_variables_and_no_more():
    assert readings(Module(CONNECTION, "x = typer.Option(envvar='OPENAI_API_KEY')")) == []
    assert readings(Module(CONNECTION, "x = typer.Option(envvar='HOME')")) != []


def readings(module: Module) -> list[str]:
    """Where a module reads the environment and may not."""
    if module.path == SETTINGS:
        return []
    lines = [each.line for each in imports(module) if _is_reader(each.name)]
    for node in ast.walk(module.syntax):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=attr) if attr in READERS:
                lines.append(node.lineno)
            case ast.keyword(arg="envvar", value=value) if not _is_clients(module, value):
                lines.append(value.lineno)
    return [f"{module.path}:{line} reads the environment" for line in lines]


def _is_reader(name: str) -> bool:
    top, _, rest = name.partition(".")
    return top in LIBRARIES or (top == "os" and rest in READERS)


def _is_clients(module: Module, value: ast.expr) -> bool:
    return module.path == CONNECTION and isinstance(value, ast.Constant) and value.value in CLIENT_VARIABLES
