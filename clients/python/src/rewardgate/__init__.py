"""Client of RewardGate: rewards from a panel of judges, for training runs that cannot afford a wrong one."""

from pkgutil import extend_path

# Stubs that are generated from the protos are the package `rewardgate.v1`, which may lie elsewhere on the path.
__path__ = extend_path(__path__, __name__)

from .client import Client
from .errors import Failure, NoRewardError, RequestError, RewardGateError, UnavailableError
from .item import Candidate, Criterion, Item, Options
from .preference import Comparison
from .result import CandidateResult, Finding, ItemResult, JudgePart, Judging
from .retry import Retry

__all__ = [
    "Candidate",
    "CandidateResult",
    "Client",
    "Comparison",
    "Criterion",
    "Failure",
    "Finding",
    "Item",
    "ItemResult",
    "JudgePart",
    "Judging",
    "NoRewardError",
    "Options",
    "RequestError",
    "Retry",
    "RewardGateError",
    "UnavailableError",
]
