"""All families of the starter model, by name."""

from burnish.starter.family import Family
from burnish.starter.tasks.addition import addition
from burnish.starter.tasks.binding import BINDING
from burnish.starter.tasks.coding import CODING
from burnish.starter.tasks.judge import JUDGE
from burnish.starter.tasks.policyqa import POLICYQA
from burnish.starter.tasks.query import QUERY
from burnish.starter.tasks.secreview import secreview
from burnish.starter.tasks.toolcall import TOOLCALL


def families(policy: int = 37, lengths: tuple[int, ...] = (3,)) -> dict[str, Family]:
    """Every family; `policy` is secreview's hidden one, `lengths` are those of the numbers to add."""
    every = (secreview(policy), QUERY, addition(lengths), BINDING, CODING, POLICYQA, TOOLCALL, JUDGE)
    return {family.name: family for family in every}
